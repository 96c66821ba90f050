-- HubSpot leads in the core shape, with the deal a lead became.
with latest as (
    select *
    from raw.hubspot_lead
    where id is not null
    qualify row_number() over (
        partition by id order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'hubspot' as source,
    'hubspot:' || l.id as lead_id,
    'hubspot:' || nullif(regexp_extract(l.company_ids, '[0-9]+'), '') as account_id,
    'hubspot:' || coalesce(o.id, l.owner) as seller_id,
    try_cast(l.created_at as timestamp) as created_at,
    cast(floor(epoch(try_cast(l.created_at as timestamp))) as bigint) as created_sec,
    l.lead_stage as status,
    nullif(trim(l.reason), '') as reason,
    'hubspot:' || nullif(regexp_extract(l.deal_ids, '[0-9]+'), '') as deal_id,
    try_cast(l.modified_at as timestamp) as modified_at,
    cast(floor(epoch(try_cast(l.modified_at as timestamp))) as bigint) as modified_sec
from latest as l
left join crm.hubspot_owner_words as o
    on lower(regexp_replace(l.owner, ' *\((deactivated|removed).*$', '', 'i')) = o.word
where not coalesce('true' in (l.is_deleted, l.is_gone, l.is_archived), false)
