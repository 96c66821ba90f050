-- Alternatives put before a Salesforce buyer: our quotes that left the house, and rivals named.
with quotes as (
    select *
    from raw.salesforce_quote
    where id is not null and opportunity_id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

cpq_quotes as (
    select *
    from raw.salesforce_cpq_quote
    where id is not null and cpq_opportunity_id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

rivals as (
    select *
    from raw.salesforce_opportunity_competitor
    where id is not null and opportunity_id is not null
    qualify row_number() over (
        partition by id
        order by
            system_modstamp desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

incumbents as (
    select o.id as opportunity_id, lower(trim(a.incumbent)) as incumbent
    from (
        select id, account_id from raw.salesforce_opportunity
        qualify row_number() over (
            partition by id
            order by
                coalesce(system_modstamp, last_modified_date) desc nulls last,
                version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
        ) = 1
    ) as o
    join (
        select id, incumbent from raw.salesforce_account
        qualify row_number() over (
            partition by id
            order by
                coalesce(system_modstamp, last_modified_date) desc nulls last,
                version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
        ) = 1
    ) as a on o.account_id = a.id
    where nullif(trim(a.incumbent), '') is not null
)

select
    'salesforce' as source,
    'salesforce:' || opportunity_id as deal_id,
    'salesforce:' || id as option_id,
    'ours' as kind,
    coalesce(try_cast(grand_total as double), try_cast(total_price as double)) as amount,
    try_cast(discount as double) as discount,
    try_cast(created_date as timestamp) as offered_at,
    cast(epoch(try_cast(created_date as timestamp)) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from quotes
where
    coalesce(is_deleted, 'false') <> 'true'
    and coalesce(is_gone, 'false') <> 'true'
    and coalesce(is_current, 'true') = 'true'
    and gone_at is null
    and coalesce(lower(status), '') not in ('draft', 'needs review', 'in review', 'rejected')
union all
select
    'salesforce' as source,
    'salesforce:' || cpq_opportunity_id as deal_id,
    'salesforce:' || id as option_id,
    'ours' as kind,
    try_cast(net_amount as double) as amount,
    cast(null as double) as discount,
    try_cast(created_date as timestamp) as offered_at,
    cast(epoch(try_cast(created_date as timestamp)) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from cpq_quotes
where
    coalesce(is_deleted, 'false') <> 'true'
    and coalesce(is_gone, 'false') <> 'true'
    and coalesce(is_current, 'true') = 'true'
    and gone_at is null
    and coalesce(lower(cpq_status), '') not in ('draft', 'needs review', 'in review', 'rejected')
union all
select
    'salesforce' as source,
    'salesforce:' || r.opportunity_id as deal_id,
    'salesforce:' || r.id as option_id,
    case when lower(trim(r.competitor_name)) = i.incumbent then 'incumbent' else 'competitor' end
        as kind,
    cast(null as double) as amount,
    cast(null as double) as discount,
    try_cast(r.created_date as timestamp) as offered_at,
    cast(epoch(try_cast(r.created_date as timestamp)) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from rivals as r
left join incumbents as i on r.opportunity_id = i.opportunity_id
where
    coalesce(r.is_deleted, 'false') <> 'true'
    and coalesce(r.is_gone, 'false') <> 'true'
    and coalesce(r.is_current, 'true') = 'true'
    and r.gone_at is null
