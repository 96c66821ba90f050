-- Quotes that went to the buyer, and rivals named at a closing.
with quotes as (
    select *
    from raw.dynamics_quote
    qualify row_number() over (
        partition by lower(id)
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

rivals as (
    select
        lower(opportunity_id) as opportunity_id,
        competitor,
        min(created_at) as created_at
    from raw.dynamics_opportunity_close
    where competitor is not null
    group by lower(opportunity_id), competitor
)

select
    'dynamics' as source,
    'dynamics:' || lower(opportunity_id) as deal_id,
    'dynamics:' || lower(id) as option_id,
    'ours' as kind,
    try_cast(total_amount as double) as amount,
    try_cast(discount as double) as discount,
    try_cast(created_at as timestamp) as offered_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from quotes
where lower(coalesce(statecode, '')) not in ('0', 'draft')
union all
select
    'dynamics' as source,
    'dynamics:' || opportunity_id as deal_id,
    'dynamics:' || opportunity_id || '/' || lower(competitor) as option_id,
    'competitor' as kind,
    cast(null as double) as amount,
    cast(null as double) as discount,
    try_cast(created_at as timestamp) as offered_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from rivals
