-- Copper opportunities that a landing marks as deleted at the source.
select
    'copper' as source,
    'copper:' || id as deal_id,
    'deleted' as why,
    max(case lower(status) when 'won' then 'won' when 'open' then 'open' else 'lost' end) as status,
    cast(null as varchar) as survivor_id
from raw.copper_opportunity
where is_deleted = 'true'
group by id
