-- Pipedrive deals as they stand in the export; those deleted, archived or merged are in removals. A
-- deal keeps the stage that it was won or lost in, so its status stands for the stage then.
with named as (
    select
        l.*,
        -- A landing may keep a nested object as text.
        coalesce(
            nullif(regexp_extract(l.owner, '^\{.*["'']id["''] ?: ?"?([0-9]+)', 1), ''), l.owner
        ) as owner_word,
        coalesce(
            nullif(regexp_extract(l.org_id, '^\{.*["'']value["''] ?: ?"?([0-9]+)', 1), ''),
            nullif(regexp_extract(l.org_id, '^([^{].*)$', 1), '')
        ) as org_key,
        n.pipeline as pipeline_name,
        n.stage as stage_name,
        case l.state
            when 'won' then coalesce(try_cast(l.won_time as timestamp), l.closed_at)
            when 'lost' then coalesce(l.lost_at, l.closed_at)
        end as ended_at
    from crm.pipedrive_keyed_deals as l
    inner join crm.pipedrive_named_deals as n on l.key = n.key
    where l.removed_as is null
),

dated as (
    select
        *,
        case
            when state = 'open' then try_cast(expected_close_date as date)
            else coalesce(cast(ended_at as date), try_cast(local_close_date as date))
        end as close_on
    from named
)

select
    'pipedrive' as source,
    'pipedrive:' || d.key as deal_id,
    d.key as source_id,
    'pipedrive:' || coalesce(d.org_key, g.id, nullif(trim(d.org_name), '')) as account_id,
    'pipedrive:' || coalesce(o.id, d.owner_word) as seller_id,
    d.pipeline_name as pipeline,
    d.title as name,
    try_cast(d.value as double) as amount,
    d.currency,
    try_cast(d.add_time as timestamp) as created_at,
    cast(floor(epoch(try_cast(d.add_time as timestamp))) as bigint) as created_sec,
    d.close_on,
    cast(d.close_on - date '1970-01-01' as integer) as close_day,
    d.state <> 'open' as is_closed,
    d.state = 'won' as is_won,
    case
        when d.state = 'won' then 'Won'
        when d.state = 'lost' then 'Lost'
        -- A stage may be called as an ending is; a deal in it is still open.
        when lower(trim(d.stage_name)) in ('won', 'lost') then d.stage_name || ' (stage)'
        else d.stage_name
    end as stage,
    case when d.state = 'open' then try_cast(d.probability as double) / 100 end
        as crm_probability,
    -- The reason stays on a deal that was opened again.
    case when d.state = 'lost' then nullif(trim(d.lost_reason), '') end as lost_reason,
    case when d.state = 'lost' then nullif(trim(d.lost_reason_detail), '') end
        as lost_reason_detail,
    case when d.state = 'won' then nullif(trim(d.won_reason), '') end as won_reason,
    nullif(trim(d.competitor), '') as competitor,
    coalesce(
        nullif(trim(d.lead_source), ''),
        -- How a deal was typed in says nothing of where the customer came from.
        case
            when
                not regexp_matches(
                    lower(d.origin), '^(manual|import|api|auto|bulk|deal|lead|copy)'
                )
                then d.origin
        end
    ) as lead_source,
    d.type as deal_type,
    try_cast(d.return_date as date) as return_on,
    cast(try_cast(d.return_date as date) - date '1970-01-01' as integer) as return_day,
    cast(
        floor(
            epoch(
                case
                    when d.state = 'open' then try_cast(d.stage_change_time as timestamp)
                    else d.ended_at
                end
            )
        ) as bigint
    ) as last_stage_change_sec,
    try_cast(d.update_time as timestamp) as modified_at,
    cast(floor(epoch(try_cast(d.update_time as timestamp))) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case
        when
            h.key is not null
            and (
                h.has_stage
                or d.moved_at is null
                or d.moved_at <= try_cast(d.add_time as timestamp) + interval 1 minute
            )
            then 'full'
        when d.stage_change_time is not null then 'last_change'
        else 'none'
    end as history_level,
    case
        when d.state = 'open' and (d.won_at is not null or d.lost_at is not null) then true
        when d.state = 'won' and try_cast(d.first_won_time as timestamp) < d.ended_at then true
        when d.state = 'won' and d.lost_at < d.ended_at then true
        when d.state = 'lost' and d.won_at < d.ended_at then true
    end as reopened_hint,
    cast(floor(epoch(try_cast(d.last_incoming_mail_time as timestamp))) as bigint)
        as last_inbound_sec,
    cast(floor(epoch(try_cast(d.last_outgoing_mail_time as timestamp))) as bigint)
        as last_outbound_sec
from dated as d
left join crm.pipedrive_user_words as o on lower(trim(d.owner_word)) = o.word
left join crm.pipedrive_organization_words as g on lower(trim(d.org_name)) = g.word
left join (
    select key, bool_or(field = 'stage_id') as has_stage
    from crm.pipedrive_logged_changes
    group by key
) as h on d.key = h.key
