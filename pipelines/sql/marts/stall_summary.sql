-- Stalled deals in figures: how many are open only in the CRM, how many ever stalled, how many
-- stalls the buyer broke, and how many stalled deals were won within return_days of the stall.
-- That last share is an Aalen-Johansen estimate: deals still undecided count for as long as they
-- were watched. Its n is the stalled deals watched that long or decided by then. Ranges of shares
-- are Wilson's, at 95 %.
with deals as (
    select
        d.deal_id,
        d.status,
        d.closed_day,
        d.amount_base,
        o.outcome
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    where o.outcome <> 'excluded'
),

stalls as (
    select
        s.deal_id,
        min(s.stalled_day) as stalled_day,
        count(*) as stalls,
        sum(case when s.broken_day is not null then 1 else 0 end) as broken
    from core.stalls as s
    inner join deals as d on s.deal_id = d.deal_id
    group by s.deal_id
),

watched as (
    select
        least(
            coalesce(d.closed_day, p.as_of_day) - s.stalled_day, p.return_days
        ) as days,
        case
            when d.closed_day is null or d.closed_day - s.stalled_day > p.return_days then 'open'
            when d.status = 'won' then 'won'
            else 'lost'
        end as fate,
        p.return_days
    from stalls as s
    inner join deals as d on s.deal_id = d.deal_id
    cross join core.parameters as p
),

per_day as (
    select
        days,
        count(*) as leaving,
        sum(case when fate = 'won' then 1 else 0 end) as won,
        sum(case when fate <> 'open' then 1 else 0 end) as decided
    from watched
    group by days
),

risk as (
    select
        days,
        won,
        decided,
        sum(leaving) over (
            order by days desc rows between unbounded preceding and current row
        ) as at_risk
    from per_day
),

-- A factor of zero, when all that are left decide on one day, is a logarithm of minus 1000 here.
survival as (
    select
        days,
        won,
        at_risk,
        coalesce(
            exp(sum(
                case when decided < at_risk then ln(1 - decided / at_risk) else -1000 end
            ) over (order by days rows between unbounded preceding and 1 preceding)),
            1
        ) as undecided_before
    from risk
),

-- Rounded, since logarithms differ between machines in their last digits.
resurrections as (
    select round(max(share), 9) as share
    from (
        select
            sum(undecided_before * won / at_risk) over (
                order by days rows between unbounded preceding and current row
            ) as share
        from survival
    ) as running
),

figures as (
    select
        'zombies' as measure,
        cast(sum(case when status = 'open' and outcome = 'no_decision' then 1 else 0 end) as double)
            as value,
        sum(case when status = 'open' then 1 else 0 end) as n,
        false as is_share
    from deals

    union all

    select
        'zombie_amount',
        cast(sum(
            case
                when status = 'open' and outcome = 'no_decision'
                    then cast(round(100 * amount_base) as bigint)
            end
        ) as double) / 100,
        sum(case when status = 'open' and outcome = 'no_decision' then 1 else 0 end),
        false
    from deals

    union all

    select
        'stalled',
        cast(count(s.deal_id) as double),
        count(*),
        false
    from deals as d
    left join stalls as s on d.deal_id = s.deal_id

    union all

    select
        'stalled_share',
        case when count(*) > 0 then cast(count(s.deal_id) as double) / count(*) end,
        count(*),
        true
    from deals as d
    left join stalls as s on d.deal_id = s.deal_id

    union all

    select
        'broken_share',
        case when sum(stalls) > 0 then cast(sum(broken) as double) / sum(stalls) end,
        coalesce(sum(stalls), 0),
        true
    from stalls

    union all

    select
        'resurrection_share',
        max(r.share),
        sum(case when w.fate <> 'open' or w.days >= w.return_days then 1 else 0 end),
        true
    from watched as w
    cross join resurrections as r
)

select
    measure,
    value,
    case
        when is_share and n > 0
            then greatest(
                0,
                (
                    value + 1.920729 / n
                    - 1.96 * sqrt(value * (1 - value) / n + 0.960365 / n / n)
                ) / (1 + 3.8416 / n)
            )
    end as low,
    case
        when is_share and n > 0
            then least(
                1,
                (
                    value + 1.920729 / n
                    + 1.96 * sqrt(value * (1 - value) / n + 0.960365 / n / n)
                ) / (1 + 3.8416 / n)
            )
    end as high,
    cast(coalesce(n, 0) as bigint) as n
from figures
