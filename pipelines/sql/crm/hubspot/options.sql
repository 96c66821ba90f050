-- Alternatives put before a HubSpot buyer: our quotes that left the house, one row a deal.
with latest as (
    select *
    from raw.hubspot_quote
    where id is not null
    qualify row_number() over (
        partition by id order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

linked as (
    select *, unnest(regexp_extract_all(deal_ids, '[0-9]+')) as deal
    from latest
    where
        not coalesce('true' in (is_deleted, is_gone, is_archived), false)
        and coalesce(upper(replace(status, ' ', '_')), '')
        not in ('DRAFT', 'MINIMAL_DRAFT', 'PENDING_APPROVAL', 'REJECTED')
),

typed as (
    select distinct on (l.id, coalesce(s.survivor, l.deal))
        l.*, coalesce(s.survivor, l.deal) as deal_id
    from linked as l
    left join crm.hubspot_survivors as s on s.kind = 'deal' and l.deal = s.id
)

select
    'hubspot' as source,
    'hubspot:' || deal_id as deal_id,
    'hubspot:' || id
    || case when count(*) over (partition by id) > 1 then '/' || deal_id else '' end as option_id,
    'ours' as kind,
    try_cast(quote_amount as double) as amount,
    cast(null as double) as discount,
    try_cast(created_at as timestamp) as offered_at,
    cast(floor(epoch(try_cast(created_at as timestamp))) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from typed
