"""The flow: exports -> raw -> crm -> core -> features -> marts -> published pages."""
