-- Freshsales deals that a landing marks as deleted at the source.
select
    'freshsales' as source,
    'freshsales:' || id as deal_id,
    'deleted' as why,
    cast(null as varchar) as status,
    cast(null as varchar) as survivor_id
from raw.freshsales_deal
where is_deleted = 'true'
group by id
