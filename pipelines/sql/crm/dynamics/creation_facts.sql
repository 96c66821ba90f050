-- What of the current row of a Dynamics deal is set when the deal is made and may be read as known
-- from then on: the lead source, which qualifying carries over from the lead.
select
    'dynamics' as source,
    'lead_source' as attribute
where exists (select 1 from raw.dynamics_opportunity)
