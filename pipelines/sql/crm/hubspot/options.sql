-- Alternatives put before a HubSpot buyer: our quotes that left the house, one row a deal.
with recursive lost_ids as (
    select merged_deal_id as id, deal_id as survivor from raw.hubspot_merged_deal
    union
    select unnest(regexp_extract_all(merged_ids, '[0-9]+')) as id, id as survivor
    from raw.hubspot_deal
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select id, survivor from lost_ids where id <> survivor
    union
    select m.id, n.survivor
    from merges as m
    join lost_ids as n on m.survivor = n.id
    where n.survivor <> m.id and n.survivor <> n.id
),

survivors as (
    select id, min(survivor) as survivor
    from merges
    where survivor not in (select id from merges)
    group by id
),

latest as (
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
    left join survivors as s on l.deal = s.id
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
