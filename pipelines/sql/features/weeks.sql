-- Weekly landmarks, counted back from as_of: week 0 ends with as_of's day, so windows of whole
-- weeks are exact. A landmark is the END of its snapshot_day: what happened before snapshot_at
-- (in seconds: before end_sec) may be known, nothing later.
with digits as (
    select 0 as digit
    union all select 1
    union all select 2
    union all select 3
    union all select 4
    union all select 5
    union all select 6
    union all select 7
    union all select 8
    union all select 9
),

numbers as (
    select ones.digit + 10 * tens.digit + 100 * hundreds.digit + 1000 * thousands.digit as number
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join digits as thousands
)

select
    cast(n.number as integer) as week,
    cast(p.as_of_day - 7 * n.number as integer) as snapshot_day,
    cast('1970-01-01' as date) + cast(p.as_of_day - 7 * n.number as integer) as snapshot_on,
    epoch_ms(1000 * (p.as_of_end_sec - 604800 * n.number)) as snapshot_at,
    p.as_of_end_sec - 604800 * n.number as end_sec
from numbers as n
cross join core.parameters as p
where p.as_of_day - 7 * n.number >= p.first_day
