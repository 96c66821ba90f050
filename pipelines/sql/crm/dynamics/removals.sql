-- Dynamics opportunities that a landing marks as deleted at the source.
select
    'dynamics' as source,
    'dynamics:' || lower(id) as deal_id,
    'deleted' as why,
    max(case statecode when '0' then 'open' when '1' then 'won' when '2' then 'lost' end) as status,
    cast(null as varchar) as survivor_id
from raw.dynamics_opportunity
where is_deleted = 'true'
group by lower(id)
