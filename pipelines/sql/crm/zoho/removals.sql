-- Zoho deals that a landing marks as deleted at the source.
select
    'zoho' as source,
    'zoho:' || regexp_replace(id, '^zcrm_', '') as deal_id,
    'deleted' as why,
    cast(null as varchar) as status,
    cast(null as varchar) as survivor_id
from raw.zoho_deal
where is_deleted = 'true'
group by regexp_replace(id, '^zcrm_', '')
