-- How many days of open deals could be watched, by source: on record, before the source's channels
-- are on record (archived, or switched on late), with a seller of at least five deals on none of
-- which anybody ever logged anything, or where nobody can tell who acted. What was not observed was
-- not silent: of the first and last kind no stall is made. `stalled` are the deals with a stall.
with logged as (
    select
        deal_id,
        count(*) as acts
    from core.activities
    where deal_id is not null and not is_automatic
    group by deal_id
),

sellers as (
    select
        d.source,
        d.seller_id,
        count(*) as deals,
        sum(coalesce(l.acts, 0)) as acts
    from core.deals as d
    left join logged as l on d.deal_id = l.deal_id
    where d.seller_id is not null
    group by d.source, d.seller_id
),

stalled as (
    select deal_id
    from core.stalls
    group by deal_id
),

spans as (
    select
        d.deal_id,
        d.source,
        coalesce(c.value, 'none') as direction,
        coalesce(s.deals >= 5 and s.acts = 0, false) as is_never_logged,
        case when t.deal_id is not null then 1 else 0 end as is_stalled,
        coalesce(d.closed_day, p.as_of_day) - d.created_day as days,
        least(
            greatest(coalesce(b.observed_from_day, d.created_day) - d.created_day, 0),
            coalesce(d.closed_day, p.as_of_day) - d.created_day
        ) as days_before
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id and o.outcome <> 'excluded'
    cross join core.parameters as p
    left join core.capabilities as c
        on d.source = c.source and c.capability = 'activity_direction'
    left join core.observation as b on d.source = b.source and b.kind = ''
    left join sellers as s on d.source = s.source and d.seller_id = s.seller_id
    left join stalled as t on d.deal_id = t.deal_id
    where coalesce(d.closed_day, p.as_of_day) > d.created_day
),

parts as (
    select
        source,
        case
            when direction = 'none' then 'nobody_tells_who_acted'
            when is_never_logged then 'seller_logs_nothing'
            else 'on_record'
        end as why,
        case when direction = 'none' then days else days - days_before end as days,
        is_stalled
    from spans
    union all
    select
        source,
        'before_the_record',
        days_before,
        0
    from spans
    where direction <> 'none'
)

select
    source,
    why,
    cast(sum(case when days > 0 then 1 else 0 end) as bigint) as deals,
    cast(sum(days) as bigint) as deal_days,
    round(
        cast(sum(days) as double)
        / cast(sum(sum(days)) over (partition by source) as double),
        9
    ) as day_share,
    cast(sum(is_stalled) as bigint) as stalled
from parts
group by source, why
having sum(days) > 0
