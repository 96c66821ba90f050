-- Options that an event log shows being put before the buyer, each withdrawal paired with the
-- earliest offer still standing.
with marks as (
    select
        e.contract,
        e.case_id,
        e._line,
        m.maps_to,
        coalesce(nullif(m.option_kind, ''), 'ours') as kind,
        try_cast(e.happened_at as timestamp) as moment,
        try_cast(e.case_amount as double) as amount,
        row_number() over (
            partition by e.contract, e.case_id, m.maps_to
            order by try_cast(e.happened_at as timestamp), e._file, e._line
        ) as place
    from raw.event_log_event as e
    join raw.event_log_mapping as m
        on
            e.contract = m.contract
            and e.activity = m.activity
            and coalesce(m.lifecycle, '') in ('', e.lifecycle)
            and m.maps_to in ('option', 'option_withdrawn')
)

select
    o.contract as source,
    o.contract || ':' || o.case_id as deal_id,
    o.contract || ':' || o.case_id || ':' || o._line as option_id,
    o.kind,
    o.amount,
    cast(null as double) as discount,
    o.moment as offered_at,
    cast(floor(epoch(o.moment)) as bigint) as offered_sec,
    cast(floor(epoch(w.moment)) as bigint) as withdrawn_sec
from marks as o
left join marks as w
    on
        o.contract = w.contract
        and o.case_id = w.case_id
        and o.place = w.place
        and w.maps_to = 'option_withdrawn'
        and w.moment >= o.moment
where o.maps_to = 'option'
