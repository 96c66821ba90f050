-- Salesforce opportunities as they stand in the export; what they were before is in deal_states.
-- Where the export has the rates, corporate_rate is what one unit of the company's own currency is in
-- the deal's, today: one fixed rate, so that no amount moves with the market. What is deleted is in
-- removals.
with latest as (
    select *
    from raw.salesforce_opportunity
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

record_types as (
    select id, min(name) as name
    from raw.salesforce_record_type
    group by id
),

-- What a deal was before it was first seen is not known, whether a landing began to keep versions
-- or the company to track a field.
first_versions as (
    select
        id,
        min(try_cast(version_start as timestamp)) > min(try_cast(created_date as timestamp))
        + interval 1 day as is_late
    from raw.salesforce_opportunity
    where version_start is not null
    group by id
),

tracked as (
    select
        opportunity_id as id,
        min(
            case
                when
                    regexp_replace(lower(field), '[^a-z]', '', 'g')
                    in ('stagename', 'stage', 'closedate', 'amount')
                    then try_cast(created_date as timestamp)
            end
        ) as first_at,
        min(min(try_cast(created_date as timestamp))) over () as tracked_since
    from raw.salesforce_opportunity_field_history
    where opportunity_id is not null
    group by opportunity_id
),

rates as (
    select
        iso_code,
        try_cast(conversion_rate as double) as rate,
        is_corporate = 'true' as is_corporate
    from raw.salesforce_currency_type
    qualify row_number() over (
        partition by iso_code order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || l.id as deal_id,
    l.id as source_id,
    'salesforce:' || l.account_id as account_id,
    'salesforce:' || l.owner_id as seller_id,
    coalesce(nullif(trim(l.pipeline), ''), t.name, l.record_type_id, 'default') as pipeline,
    l.name,
    try_cast(l.amount as double) as amount,
    l.currency_iso_code as currency,
    try_cast(l.created_date as timestamp) as created_at,
    cast(epoch(try_cast(l.created_date as timestamp)) as bigint) as created_sec,
    try_cast(l.close_date as date) as close_on,
    cast(try_cast(l.close_date as date) - date '1970-01-01' as integer) as close_day,
    l.is_closed = 'true' as is_closed,
    l.is_won = 'true' as is_won,
    l.stage_name as stage,
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
    try_cast(coalesce(l.last_modified_date, l.system_modstamp) as timestamp) as modified_at,
    cast(
        epoch(try_cast(coalesce(l.last_modified_date, l.system_modstamp) as timestamp)) as bigint
    ) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case
        when h.opportunity_id is not null then 'full'
        when v.is_late then 'partial'
        when
            v.id is null
            and try_cast(l.created_date as timestamp) < f.tracked_since
            and f.first_at is not null
            then 'partial'
    end as history_level,
    true as has_own_id,
    o.iso_code as corporate_currency,
    case when c.is_corporate then 1 else c.rate end as corporate_rate
from latest as l
left join record_types as t on l.record_type_id = t.id
left join first_versions as v on l.id = v.id
left join tracked as f on l.id = f.id
left join (
    select distinct opportunity_id from raw.salesforce_opportunity_history
) as h on l.id = h.opportunity_id
left join rates as c on l.currency_iso_code = c.iso_code
left join (select min(iso_code) as iso_code from rates where is_corporate) as o on true
where
    coalesce(l.is_deleted, 'false') <> 'true'
    and coalesce(l.is_gone, 'false') <> 'true'
    and coalesce(l.is_current, 'true') = 'true'
    and l.gone_at is null
