"""The statistics: data frames in, values out; no engine and no page is imported here."""
