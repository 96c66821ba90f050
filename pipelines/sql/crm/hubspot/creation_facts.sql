-- What of the current row of a HubSpot deal is set when the deal is made and may be read as known
-- from then on: the source, which comes from the contact that the deal is made for.
select
    'hubspot' as source,
    'lead_source' as attribute
where exists (select 1 from raw.hubspot_deal)
