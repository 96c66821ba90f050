-- Freshsales deals as they stand in the export. Of its history only the last change of stage is kept.
with latest as (
    select *
    from raw.freshsales_deal
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

stages as (
    select id, min(name) as name, min(lower(forecast_type)) as forecast_type
    from raw.freshsales_deal_stage
    group by id
),

pipelines as (
    select id, min(name) as name from raw.freshsales_deal_pipeline group by id
),

reasons as (
    select id, min(name) as name from raw.freshsales_deal_reason group by id
),

sources as (
    select id, min(name) as name from raw.freshsales_lead_source group by id
)

select
    'freshsales' as source,
    'freshsales:' || d.id as deal_id,
    d.id as source_id,
    'freshsales:' || coalesce(d.sales_account_id, lower(d.sales_account)) as account_id,
    'freshsales:' || coalesce(d.owner_id, lower(d.owner)) as seller_id,
    coalesce(d.deal_pipeline, p.name, d.deal_pipeline_id, 'default') as pipeline,
    d.name,
    try_cast(d.amount as double) as amount,
    d.currency,
    try_cast(d.created_at as timestamp) as created_at,
    cast(epoch(try_cast(d.created_at as timestamp)) as bigint) as created_sec,
    try_cast(coalesce(d.closed_date, d.expected_close) as date) as close_on,
    cast(
        try_cast(coalesce(d.closed_date, d.expected_close) as date) - date '1970-01-01' as integer
    ) as close_day,
    s.forecast_type like 'closed%' as is_closed,
    s.forecast_type = 'closed won' as is_won,
    coalesce(d.deal_stage, s.name, d.deal_stage_id) as stage,
    try_cast(d.probability as double) / 100 as crm_probability,
    coalesce(d.lost_reason, r.name, d.deal_reason_id) as lost_reason,
    cast(null as varchar) as lost_reason_detail,
    d.competitor,
    -- An id that no list names says nothing of where a deal came from.
    coalesce(d.lead_source, c.name) as lead_source,
    d.deal_type,
    cast(null as date) as return_on,
    cast(null as integer) as return_day,
    cast(epoch(try_cast(d.stage_updated_time as timestamp)) as bigint) as last_stage_change_sec,
    try_cast(d.modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(d.modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case when d.stage_updated_time is not null then 'last_change' else 'none' end as history_level
from latest as d
left join stages as s on d.deal_stage_id = s.id
left join pipelines as p on d.deal_pipeline_id = p.id
left join reasons as r on d.deal_reason_id = r.id
left join sources as c on d.lead_source_id = c.id
where coalesce(d.is_deleted, 'false') <> 'true'
