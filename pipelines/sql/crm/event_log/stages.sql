-- The stages that the contract of an event log in the exports names; one that is also an ending
-- is closed.
select
    m.contract as source,
    coalesce(max(c.pipeline), 'default') as pipeline,
    m.stage,
    min(try_cast(m.stage_order as integer)) as stage_order,
    max(case when o.outcome is not null then 1 else 0 end) = 1 as is_closed,
    max(case when o.outcome = 'won' then 1 else 0 end) = 1 as is_won,
    cast(null as double) as crm_probability
from raw.event_log_mapping as m
left join raw.event_log_contract as c on m.contract = c.contract
left join raw.event_log_mapping as o
    on
        m.contract = o.contract
        and m.activity = o.activity
        and o.maps_to = 'outcome'
        and (m.lifecycle = o.lifecycle or '' in (coalesce(m.lifecycle, ''), coalesce(o.lifecycle, '')))
where
    m.maps_to = 'stage'
    and m.stage is not null
    and m.contract in (select contract from raw.event_log_event)
group by m.contract, m.stage
