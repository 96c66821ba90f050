-- Opportunities of Salesforce reports that no export of the object holds. Lines of one opportunity,
-- such as its products or contacts, are one deal. A report without ids knows a deal by its account,
-- its name and the day it was created (has_own_id is false); two that share these are one.
with named as (
    select
        *,
        coalesce(
            opportunity_id,
            concat_ws(
                ' / ',
                nullif(trim(account_name), ''),
                trim(opportunity_name),
                cast(try_cast(created_date as date) as varchar)
            )
        ) as id,
        lower(trim(opportunity_name)) as title,
        lower(trim(account_name)) as account
    from raw.salesforce_reports_opportunity
    where trim(opportunity_name) <> ''
),

latest as (
    select *
    from named
    qualify row_number() over (
        partition by id order by last_modified_date desc nulls last, _file desc, _line
    ) = 1
),

-- What an export of the objects holds is not told again: by id or, without ids, by names.
account_names as (
    select id, min(lower(trim(name))) as name
    from raw.salesforce_account
    group by id
),

whole as (
    select distinct o.id, lower(trim(o.name)) as title, a.name as account
    from raw.salesforce_opportunity as o
    left join account_names as a on o.account_id = a.id
    where o.id is not null
),

with_ids as (
    select id, title, account from whole
    union
    select id, title, account from named where opportunity_id is not null
),

-- What a deal was before its fields were tracked is not known.
tracked as (
    select
        lower(trim(opportunity_name)) as title,
        min(min(try_cast(edited_at as timestamp))) over () as since
    from raw.salesforce_reports_field_history
    where
        lower(trim(opportunity_name)) not in (
            select lower(trim(opportunity_name))
            from raw.salesforce_reports_history
            where opportunity_name is not null
        )
    group by lower(trim(opportunity_name))
)

select
    'salesforce' as source,
    'salesforce:' || l.id as deal_id,
    l.id as source_id,
    -- A name that several accounts share says not which.
    'salesforce:' || coalesce(
        l.account_id, case when a.word is null then nullif(trim(l.account_name), '') else a.id end
    ) as account_id,
    'salesforce:' || coalesce(l.owner_id, u.id, nullif(trim(l.owner), '')) as seller_id,
    coalesce(nullif(trim(l.pipeline), ''), 'default') as pipeline,
    trim(l.opportunity_name) as name,
    try_cast(l.amount as double) as amount,
    l.currency,
    try_cast(l.created_date as timestamp) as created_at,
    cast(epoch(try_cast(l.created_date as timestamp)) as bigint) as created_sec,
    try_cast(l.close_date as date) as close_on,
    cast(try_cast(l.close_date as date) - date '1970-01-01' as integer) as close_day,
    l.is_closed = 'true' as is_closed,
    l.is_won = 'true' as is_won,
    l.stage,
    try_cast(l.probability as double) / 100 as crm_probability,
    nullif(trim(l.loss_reason), '') as lost_reason,
    nullif(trim(l.loss_reason_detail), '') as lost_reason_detail,
    nullif(trim(l.won_reason), '') as won_reason,
    nullif(trim(l.competitor), '') as competitor,
    nullif(trim(l.lead_source), '') as lead_source,
    l.type as deal_type,
    try_cast(l.return_date as date) as return_on,
    cast(try_cast(l.return_date as date) - date '1970-01-01' as integer) as return_day,
    cast(epoch(try_cast(l.last_stage_change_date as timestamp)) as bigint)
        as last_stage_change_sec,
    try_cast(l.last_modified_date as timestamp) as modified_at,
    cast(epoch(try_cast(l.last_modified_date as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case when try_cast(l.created_date as timestamp) < f.since then 'partial' end as history_level,
    l.opportunity_id is not null as has_own_id
from latest as l
left join crm.salesforce_reports_account_words as a on lower(trim(l.account_name)) = a.word
left join crm.salesforce_reports_user_words as u on lower(trim(l.owner)) = u.word
left join tracked as f on l.title = f.title
where
    l.id not in (select id from whole)
    and (
        l.opportunity_id is not null
        or not exists (
            select 1
            from with_ids as w
            where
                l.title = w.title
                and (l.account = w.account or l.account is null or w.account is null)
        )
    )
