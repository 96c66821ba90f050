-- Every event of an event log that its contract calls a stage, as a state of the deal.
select
    e.contract as source,
    e.contract || ':' || e.case_id as deal_id,
    e.contract || ':' || e.case_id || ':' || e._line || ':' || m.stage as state_id,
    try_cast(e.happened_at as timestamp) as changed_at,
    cast(floor(epoch(try_cast(e.happened_at as timestamp))) as bigint) as changed_sec,
    e.contract || ':' || e.resource as changed_by,
    m.stage,
    try_cast(e.case_amount as double) as amount,
    cast(null as date) as expected_close_on,
    cast(null as integer) as expected_close_day,
    -- Events of one second keep the order of the log.
    e._file || ':' || lpad(cast(e._line as varchar), 12, '0') as sort_key,
    cast(null as boolean) as is_bulk
from raw.event_log_event as e
join raw.event_log_mapping as m
    on
        e.contract = m.contract
        and e.activity = m.activity
        and coalesce(m.lifecycle, '') in ('', e.lifecycle)
        and m.maps_to = 'stage'
where m.stage is not null and try_cast(e.happened_at as timestamp) is not null
