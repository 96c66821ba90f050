-- An event log names cases and no companies, and does not say who comes back: every case stands
-- as an account of its own.
select
    contract as source,
    contract || ':' || case_id as account_id,
    cast(null as varchar) as name,
    cast(null as varchar) as industry,
    cast(null as bigint) as employees,
    cast(null as varchar) as country,
    cast(null as varchar) as incumbent,
    min(try_cast(case_created_at as timestamp)) as created_at,
    cast(floor(epoch(min(try_cast(case_created_at as timestamp)))) as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from raw.event_log_event
group by contract, case_id
