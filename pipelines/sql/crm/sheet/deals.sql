-- Deals of plain sheets. A sheet without ids is known by account, name and day of creation. A
-- result or a status that says more than "open" stands for the stage, as the stage a deal ended in.
with named as (
    select
        *,
        coalesce(
            id,
            concat_ws(' / ', lower(trim(account)), lower(trim(name)), cast(created_at as date))
        ) as source_id,
        case
            when lower(trim(outcome)) not in ('open', 'pending', 'tbd', '진행', '진행중', '진행 중', '미정')
                then outcome
            when
                lower(trim(status)) not in (
                    'open', 'active', 'in progress', 'ongoing', 'working', 'new', 'pending',
                    '진행', '진행중', '진행 중', '신규', '정상'
                )
                then status
            else coalesce(stage, status, outcome)
        end as word
    from raw.sheet_deal
),

latest as (
    select *
    from named
    qualify row_number() over (
        partition by source_id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'sheet' as source,
    'sheet:' || source_id as deal_id,
    source_id,
    'sheet:' || lower(trim(account)) as account_id,
    'sheet:' || lower(trim(owner)) as seller_id,
    coalesce(pipeline, 'default') as pipeline,
    name,
    try_cast(amount as double) as amount,
    currency,
    try_cast(created_at as timestamp) as created_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as created_sec,
    try_cast(coalesce(closed_on, expected_close_on) as date) as close_on,
    cast(
        try_cast(coalesce(closed_on, expected_close_on) as date) - date '1970-01-01' as integer
    ) as close_day,
    -- What the word means is for the rules to say.
    cast(null as boolean) as is_closed,
    cast(null as boolean) as is_won,
    word as stage,
    case when try_cast(probability as double) > 1 then 0.01 else 1 end
    * try_cast(probability as double) as crm_probability,
    coalesce(lost_reason, drop_reason) as lost_reason,
    lost_reason_detail,
    competitor,
    lead_source,
    deal_type,
    try_cast(return_on as date) as return_on,
    cast(try_cast(return_on as date) - date '1970-01-01' as integer) as return_day,
    cast(null as bigint) as last_stage_change_sec,
    try_cast(modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    cast(null as varchar) as history_level
from latest
