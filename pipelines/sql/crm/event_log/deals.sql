-- Cases of an event log as deals. The seller is the first resource that is a person; a case is
-- closed at the first event that its contract calls an ending, which also names the outcome.
with events as (
    select
        e.*,
        try_cast(e.happened_at as timestamp) as moment,
        list_contains(string_split(coalesce(c.automaton_resources, ''), ';'), e.resource)
            as is_automaton
    from raw.event_log_event as e
    left join raw.event_log_contract as c on e.contract = c.contract
),

cases as (
    select
        contract,
        case_id,
        least(min(try_cast(case_created_at as timestamp)), min(moment)) as created_at,
        max(moment) as newest_at,
        max(try_cast(case_amount as double)) as amount,
        arg_min(resource, (moment, _file, _line)) filter (where not is_automaton) as resource
    from events
    group by contract, case_id
),

endings as (
    select
        e.contract,
        e.case_id,
        min(e.moment) as closed_at,
        arg_min(m.outcome, (e.moment, e._file, e._line)) as outcome
    from events as e
    join raw.event_log_mapping as m
        on
            e.contract = m.contract
            and e.activity = m.activity
            and coalesce(m.lifecycle, '') in ('', e.lifecycle)
            and m.maps_to = 'outcome'
    group by e.contract, e.case_id
),

stages as (
    select e.contract, e.case_id, arg_max(m.stage, (e.moment, e._file, e._line)) as stage
    from events as e
    join raw.event_log_mapping as m
        on
            e.contract = m.contract
            and e.activity = m.activity
            and coalesce(m.lifecycle, '') in ('', e.lifecycle)
            and m.maps_to = 'stage'
    group by e.contract, e.case_id
)

select
    k.contract as source,
    k.contract || ':' || k.case_id as deal_id,
    k.case_id as source_id,
    k.contract || ':' || k.case_id as account_id,
    k.contract || ':' || k.resource as seller_id,
    coalesce(c.pipeline, 'default') as pipeline,
    cast(null as varchar) as name,
    k.amount,
    nullif(c.currency, '') as currency,
    k.created_at,
    cast(floor(epoch(k.created_at)) as bigint) as created_sec,
    cast(null as date) as close_on,
    cast(null as integer) as close_day,
    n.outcome is not null as is_closed,
    coalesce(n.outcome = 'won', false) as is_won,
    s.stage,
    cast(null as double) as crm_probability,
    cast(null as varchar) as lost_reason,
    cast(null as varchar) as lost_reason_detail,
    cast(null as varchar) as competitor,
    cast(null as varchar) as lead_source,
    cast(null as varchar) as deal_type,
    cast(null as date) as return_on,
    cast(null as integer) as return_day,
    cast(floor(epoch(n.closed_at)) as bigint) as last_stage_change_sec,
    k.newest_at as modified_at,
    cast(floor(epoch(k.newest_at)) as bigint) as modified_sec,
    n.outcome as outcome_hint,
    'full' as history_level,
    cast(null as boolean) as reopened_hint,
    cast(null as bigint) as last_inbound_sec,
    cast(null as bigint) as last_outbound_sec
from cases as k
left join raw.event_log_contract as c on k.contract = c.contract
left join endings as n on k.contract = n.contract and k.case_id = n.case_id
left join stages as s on k.contract = s.contract and k.case_id = s.case_id
