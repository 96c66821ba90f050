-- Close opportunities that a landing marks as deleted at the source.
select
    'close' as source,
    'close:' || id as deal_id,
    'deleted' as why,
    max(case status_type when 'active' then 'open' else status_type end) as status,
    cast(null as varchar) as survivor_id
from raw.close_opportunity
where is_deleted = 'true'
group by id
