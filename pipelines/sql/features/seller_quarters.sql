-- What each seller won and worked in each quarter that is over: wins and revenue by the day a deal
-- was won, hours by the day of the act. quarter counts four a year (2026-Q1 is 4 * 2026 + 1).
-- Quarters without either are there too, from the seller's first to the last one that is over.
with wins as (
    select
        d.seller_id,
        d.closed_day as day,
        1 as wins,
        cast(round(100 * d.amount_base) as bigint) as hundredths,
        case when d.amount_base is null then 1 else 0 end as unknown_amounts,
        0 as seconds
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    where o.outcome = 'won' and d.seller_id is not null and d.closed_day is not null
),

work as (
    select
        seller_id,
        day,
        0 as wins,
        0 as hundredths,
        0 as unknown_amounts,
        seconds
    from features.work_days
    where seller_id is not null
),

acts as (
    select
        a.*,
        cast(
            4 * extract(year from cast('1970-01-01' as date) + a.day)
            + extract(quarter from cast('1970-01-01' as date) + a.day) as integer
        ) as quarter
    from (
        select * from wins
        union all
        select * from work
    ) as a
),

last_quarter as (
    select
        cast(
            4 * extract(year from cast('1970-01-01' as date) + as_of_day)
            + extract(quarter from cast('1970-01-01' as date) + as_of_day) as integer
        ) as quarter
    from core.parameters
),

spans as (
    select
        seller_id,
        min(quarter) as first_quarter
    from acts
    group by seller_id
),

quarters as (
    select distinct quarter from acts
)

select
    s.seller_id,
    q.quarter,
    cast(coalesce(sum(a.wins), 0) as integer) as wins,
    case
        when coalesce(max(a.unknown_amounts), 0) = 0
            then cast(coalesce(sum(a.hundredths), 0) as double) / 100
    end as revenue,
    cast(coalesce(sum(a.seconds), 0) as double) / 3600 as hours
from spans as s
inner join quarters as q on q.quarter >= s.first_quarter
inner join last_quarter as l on q.quarter < l.quarter
left join acts as a on s.seller_id = a.seller_id and q.quarter = a.quarter
group by s.seller_id, q.quarter
