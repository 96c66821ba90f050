-- Moves between stages that a sheet lists. A deal is found by its id, else by its account and name,
-- else by its name where only one deal has that name. Amounts and expected dates have no history
-- in a sheet.
with deals as (
    select
        coalesce(
            id,
            concat_ws(' / ', lower(trim(account)), lower(trim(name)), cast(created_at as date))
        ) as source_id,
        id,
        lower(trim(name)) as name,
        lower(trim(account)) as account
    from raw.sheet_deal
),

by_account as (
    select account, name, min(source_id) as source_id
    from deals
    where name <> ''
    group by account, name
    having count(distinct source_id) = 1
),

names as (
    select name, min(source_id) as source_id
    from deals
    where name <> ''
    group by name
    having count(distinct source_id) = 1
),

moves as (
    select distinct
        coalesce(c.deal_id, b.source_id, n.source_id) as source_id,
        c.changed_at,
        c.stage,
        lower(trim(c.changed_by)) as changed_by
    from raw.sheet_stage_change as c
    left join by_account as b
        on lower(trim(c.deal)) = b.name and lower(trim(c.account)) = b.account
    left join names as n on lower(trim(c.deal)) = n.name
)

select
    'sheet' as source,
    'sheet:' || source_id as deal_id,
    'sheet:' || concat_ws('/', source_id, changed_at, stage) as state_id,
    try_cast(changed_at as timestamp) as changed_at,
    cast(epoch(try_cast(changed_at as timestamp)) as bigint) as changed_sec,
    'sheet:' || changed_by as changed_by,
    stage,
    cast(null as double) as amount,
    cast(null as date) as expected_close_on,
    cast(null as integer) as expected_close_day,
    stage as sort_key,
    cast(null as boolean) as is_bulk
from moves
where source_id is not null
