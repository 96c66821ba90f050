-- Every event of an event log that its contract calls an act; it says itself who acted on whom.
select
    e.contract as source,
    e.contract || ':' || e.case_id || ':' || e._line as activity_id,
    e.contract || ':' || e.case_id as deal_id,
    e.contract || ':' || e.case_id as account_id,
    e.contract || ':' || e.resource as seller_id,
    cast(null as varchar) as contact_id,
    try_cast(e.happened_at as timestamp) as happened_at,
    cast(floor(epoch(try_cast(e.happened_at as timestamp))) as bigint) as happened_sec,
    try_cast(e.happened_at as timestamp) as recorded_at,
    cast(floor(epoch(try_cast(e.happened_at as timestamp))) as bigint) as recorded_sec,
    coalesce(m.kind, 'task') as kind,
    coalesce(nullif(m.direction, ''), 'unknown') as direction,
    coalesce(nullif(m.status, ''), 'done') as status,
    -- The contract has said all there is to know; rules on wording have nothing to add.
    cast(null as varchar) as subject,
    cast(null as double) as minutes,
    coalesce(m.is_automatic = 'true', false)
    or coalesce(
        list_contains(string_split(coalesce(c.automaton_resources, ''), ';'), e.resource)
        and m.direction = 'outbound',
        false
    ) as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    m.activity as type_word
from raw.event_log_event as e
join raw.event_log_mapping as m
    on
        e.contract = m.contract
        and e.activity = m.activity
        and coalesce(m.lifecycle, '') in ('', e.lifecycle)
        and m.maps_to = 'activity'
left join raw.event_log_contract as c on e.contract = c.contract
where try_cast(e.happened_at as timestamp) is not null
