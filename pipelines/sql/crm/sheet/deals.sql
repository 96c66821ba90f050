-- Deals of plain sheets. A sheet without ids is known by account, name and day of creation. A
-- result or a status that says more than "open" stands for the stage, as the stage a deal ended in;
-- one that says no more than that it ended leaves the word to a stage that tells how.
with endings (word) as (
    values
    ('closed'), ('done'), ('complete'), ('completed'), ('finished'), ('ended'), ('inactive'),
    ('archived'), ('종료'), ('종결'), ('완료'), ('마감')
),

named as (
    select
        *,
        coalesce(
            id,
            concat_ws(' / ', lower(trim(account)), lower(trim(name)), cast(created_at as date))
        ) as source_id,
        lower(trim(outcome)) as result,
        lower(trim(status)) as state
    from raw.sheet_deal
),

spoken as (
    select
        *,
        case
            when
                result not in ('open', 'pending', 'tbd', '진행', '진행중', '진행 중', '미정')
                and result not in (select word from endings)
                then outcome
            when
                state not in (
                    'open', 'active', 'in progress', 'ongoing', 'working', 'new', 'pending',
                    '진행', '진행중', '진행 중', '신규', '정상'
                )
                and state not in (select word from endings)
                then status
            when
                regexp_matches(
                    lower(stage),
                    '\b(won|lost)\b|disqual|cancel|abandon|no[- ]?decision|no response|수주|실주|실패'
                    || '|드[랍롭]|취소|무응답|두절|배드|계산서'
                )
                and not regexp_matches(
                    lower(stage), '\b(not|pending)\b|예정|예상|임박|대기|가능|확실|유력'
                )
                then stage
            when result in (select word from endings) then outcome
            when state in (select word from endings) then status
            else coalesce(stage, status, outcome)
        end as word
    from named
),

latest as (
    select *
    from spoken
    qualify row_number() over (
        partition by source_id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

by_account as (
    select
        lower(trim(account)) as account,
        lower(trim(name)) as name,
        min(source_id) as source_id
    from named
    where trim(name) <> ''
    group by lower(trim(account)), lower(trim(name))
    having count(distinct source_id) = 1
),

names as (
    select lower(trim(name)) as name, min(source_id) as source_id
    from named
    where trim(name) <> ''
    group by lower(trim(name))
    having count(distinct source_id) = 1
),

logged as (
    select
        coalesce(c.deal_id, b.source_id, n.source_id) as source_id,
        cast(epoch(max(try_cast(c.changed_at as timestamp))) as bigint) as last_sec
    from raw.sheet_stage_change as c
    left join by_account as b
        on lower(trim(c.deal)) = b.name and lower(trim(c.account)) = b.account
    left join names as n on lower(trim(c.deal)) = n.name
    group by coalesce(c.deal_id, b.source_id, n.source_id)
)

select
    'sheet' as source,
    'sheet:' || l.source_id as deal_id,
    l.source_id,
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
    won_reason,
    competitor,
    lead_source,
    deal_type,
    try_cast(return_on as date) as return_on,
    cast(try_cast(return_on as date) - date '1970-01-01' as integer) as return_day,
    -- A log of moves may leave the ending to the list of deals, which is as of today.
    case
        when g.last_sec is not null
            then greatest(
                cast(epoch(try_cast(l.closed_on as timestamp)) as bigint) + 43200, g.last_sec + 61
            )
    end as last_stage_change_sec,
    try_cast(modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    cast(null as varchar) as history_level
from latest as l
left join logged as g on l.source_id = g.source_id
