-- The newest event of each event log: the last moment of which that source knows.
select
    contract as source,
    cast(floor(max(epoch(try_cast(happened_at as timestamp)))) as bigint) as newest_sec
from raw.event_log_event
where try_cast(happened_at as timestamp) is not null
group by contract
