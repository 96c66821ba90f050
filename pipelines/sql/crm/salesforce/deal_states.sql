-- Salesforce OpportunityHistory: one row per save of a deal, holding every value it then had.
with named as (
    select
        * replace (
            -- Some exports leave the id out: a row of equal values is then the same save.
            coalesce(
                id,
                concat_ws('/', opportunity_id, created_date, stage_name, close_date, amount)
            ) as id
        )
    from raw.salesforce_opportunity_history
    where opportunity_id is not null
),

latest as (
    select *
    from named
    qualify row_number() over (
        partition by id
        order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || opportunity_id as deal_id,
    'salesforce:' || id as state_id,
    try_cast(created_date as timestamp) as changed_at,
    cast(epoch(try_cast(created_date as timestamp)) as bigint) as changed_sec,
    'salesforce:' || created_by_id as changed_by,
    stage_name as stage,
    try_cast(amount as double) as amount,
    try_cast(close_date as date) as expected_close_on,
    cast(try_cast(close_date as date) - date '1970-01-01' as integer) as expected_close_day,
    -- Stamps are whole seconds, and ids rise with time within one.
    id as sort_key
from latest
where coalesce(is_deleted, 'false') <> 'true' and try_cast(created_date as timestamp) is not null
