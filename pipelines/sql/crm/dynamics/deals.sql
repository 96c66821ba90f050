-- Dynamics opportunities as they stand in the export. A closed one keeps the phase it ended in, so
-- its status reason (Won, Canceled, Out-Sold, ...) stands for the stage and is the reason of a loss.
-- A competitor named at closing counts too; a cancelled closing tells of a deal opened again.
with latest as (
    select *
    from raw.dynamics_opportunity
    qualify row_number() over (
        partition by lower(id)
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

closings as (
    select
        lower(opportunity_id) as opportunity_id,
        max_by(competitor, coalesce(actual_end, created_at))
            filter (where lower(coalesce(statecode, '')) not in ('2', 'canceled')) as competitor,
        max_by(description, coalesce(actual_end, created_at))
            filter (where lower(coalesce(statecode, '')) not in ('2', 'canceled')) as description,
        max(created_at) filter (where lower(coalesce(statecode, '')) not in ('2', 'canceled'))
            as closed_at,
        count(*) filter (where lower(statecode) in ('2', 'canceled')) > 0 as is_reopened
    from raw.dynamics_opportunity_close
    group by lower(opportunity_id)
),

stays as (
    select
        lower(opportunity_id) as opportunity_id,
        max_by(stage, coalesce(started_at, modified_at)) as stage,
        max_by(process, coalesce(started_at, modified_at)) as process,
        max(started_at) as started_at
    from raw.dynamics_stage_stay
    group by lower(opportunity_id)
),

-- A landing lists a word for each language; one of them stands for all.
labels as (
    select code, min(label) as label
    from raw.dynamics_label
    where object in ('opportunity', '3') and attribute = 'statuscode'
    group by code
),

worded as (
    select
        o.*,
        -- A word of a language that is not known here tells nothing.
        case
            when
                o.statecode = '0'
                or lower(coalesce(o.state_label, o.statecode))
                in ('open', 'offen', 'ouverte', 'abierta', '진행 중', '열림')
                then 'open'
            when
                o.statecode = '1'
                or lower(coalesce(o.state_label, o.statecode))
                in ('won', 'gewonnen', 'conclue', 'ganada', 'lograda', '성공')
                then 'won'
            when
                o.statecode = '2'
                or lower(coalesce(o.state_label, o.statecode))
                in ('lost', 'verloren', 'perdue', 'perdida', '실패')
                then 'lost'
        end as state,
        coalesce(o.status_label, r.label, case o.statuscode
            when '1' then 'In Progress' when '2' then 'On Hold' when '3' then 'Won'
            when '4' then 'Canceled' when '5' then 'Out-Sold' else o.statuscode
        end) as reason
    from latest as o
    left join labels as r on o.statuscode = r.code
)

select
    'dynamics' as source,
    'dynamics:' || lower(o.id) as deal_id,
    lower(o.id) as source_id,
    'dynamics:' || lower(coalesce(o.customer_id, o.customer)) as account_id,
    'dynamics:' || lower(coalesce(o.owner_id, o.owner)) as seller_id,
    coalesce(o.process, b.process, 'default') as pipeline,
    o.name,
    case
        when o.state = 'won'
            then coalesce(try_cast(o.actual_value as double), try_cast(o.estimated_value as double))
        else try_cast(o.estimated_value as double)
    end as amount,
    o.currency,
    -- An import may keep the day on which the record was made elsewhere; what was known when is not.
    try_cast(o.created_at as timestamp) as created_at,
    cast(epoch(try_cast(o.created_at as timestamp)) as bigint) as created_sec,
    try_cast(
        case
            when o.state = 'open' then o.est_close_date
            else coalesce(o.actual_close_date, o.est_close_date)
        end as date
    ) as close_on,
    cast(
        try_cast(
            case
                when o.state = 'open' then o.est_close_date
                else coalesce(o.actual_close_date, o.est_close_date)
            end as date
        ) - date '1970-01-01' as integer
    ) as close_day,
    o.state <> 'open' as is_closed,
    o.state = 'won' as is_won,
    case
        when o.state = 'open'
            then
                case
                    when lower(o.reason) = 'on hold' then o.reason
                    else coalesce(b.stage, o.step_name, o.sales_stage, o.reason)
                end
        else coalesce(o.reason, o.state_label, o.statecode)
    end as stage,
    try_cast(o.close_probability as double) / 100 as crm_probability,
    case when o.state = 'lost' then o.reason end as lost_reason,
    c.description as lost_reason_detail,
    coalesce(c.competitor, o.competitor) as competitor,
    o.lead_source,
    o.type as deal_type,
    cast(null as date) as return_on,
    cast(null as integer) as return_day,
    cast(
        epoch(
            try_cast(
                case
                    when o.state = 'open' then b.started_at
                    else c.closed_at
                end as timestamp
            )
        ) as bigint
    ) as last_stage_change_sec,
    try_cast(o.modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(o.modified_at as timestamp)) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case when coalesce(b.started_at, c.closed_at) is not null then 'last_change' else 'none' end
        as history_level,
    coalesce(c.is_reopened, false) as reopened_hint
from worded as o
left join closings as c on lower(o.id) = c.opportunity_id
left join stays as b on lower(o.id) = b.opportunity_id
where coalesce(o.is_deleted, 'false') <> 'true'
