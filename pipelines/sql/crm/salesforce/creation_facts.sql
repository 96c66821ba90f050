-- What of the current row of a Salesforce deal is set when the deal is made and may be read as known
-- from then on: the lead source, which a conversion carries over from the lead.
select
    'salesforce' as source,
    'lead_source' as attribute
where exists (select 1 from raw.salesforce_opportunity)
