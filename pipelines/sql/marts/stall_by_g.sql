-- What hangs on g, the silence after which a deal is stalled: how many deals stall with half of g,
-- with g (g_factor 1, the stalls in force) and with twice g; how many stalls the buyer broke; how
-- many deals would then be no decisions, unknown losses and open; and how many stalled deals were
-- won within return_days of their first stall. That share is an Aalen-Johansen estimate: deals
-- still undecided count for as long as they were watched. Its n is the deals watched that long or
-- decided by then; its 95 % range is that of the delta method on the scale log(-log) (Marubini and
-- Valsecchi), Wilson's at none and at all. Ranges of other shares are Wilson's. Deals of sources
-- where nobody can tell who acted have no stalls, and are left out.
with factors as (
    select cast(0.5 as double) as g_factor
    union all
    select cast(1 as double)
    union all
    select cast(2 as double)
),

deals as (
    select
        f.g_factor,
        d.deal_id,
        d.status,
        d.closed_day,
        o.outcome,
        o.rule
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    inner join core.capabilities as c
        on d.source = c.source and c.capability = 'activity_direction' and c.value <> 'none'
    cross join factors as f
    where o.outcome <> 'excluded'
),

stalls as (
    select
        g_factor,
        deal_id,
        min(stalled_day) as stalled_day,
        max(case when broken_day is null then 1 else 0 end) as is_stalled_last,
        count(*) as stalls,
        sum(case when broken_day is not null then 1 else 0 end) as broken
    from core.stalls_by_g
    group by g_factor, deal_id
),

-- What a deal is called when the stall rule decides: only these outcomes hang on it.
named as (
    select
        d.g_factor,
        d.deal_id,
        d.status,
        d.closed_day,
        s.stalled_day,
        coalesce(s.stalls, 0) as stalls,
        coalesce(s.broken, 0) as broken,
        case
            when d.rule in ('stalled_open', 'stalled_before_close', 'open', 'unknown_loss')
                then
                    case
                        when s.is_stalled_last = 1 then 'no_decision'
                        when d.status = 'open' then 'open'
                        else 'unknown_loss'
                    end
            else d.outcome
        end as outcome
    from deals as d
    left join stalls as s on d.g_factor = s.g_factor and d.deal_id = s.deal_id
),

watched as (
    select
        n.g_factor,
        least(coalesce(n.closed_day, p.as_of_day) - n.stalled_day, p.return_days) as days,
        case
            when n.closed_day is null or n.closed_day - n.stalled_day > p.return_days then 'open'
            when n.status = 'won' then 'won'
            else 'lost'
        end as fate,
        p.return_days
    from named as n
    cross join core.parameters as p
    where n.stalled_day is not null
),

per_day as (
    select
        g_factor,
        days,
        count(*) as leaving,
        sum(case when fate = 'won' then 1 else 0 end) as won,
        sum(case when fate <> 'open' then 1 else 0 end) as decided
    from watched
    group by g_factor, days
),

risk as (
    select
        g_factor,
        days,
        won,
        decided,
        cast(sum(leaving) over (
            partition by g_factor
            order by days desc rows between unbounded preceding and current row
        ) as double) as at_risk
    from per_day
),

-- A factor of zero, when all that are left decide on one day, is a logarithm of minus 1000 here.
survival as (
    select
        g_factor,
        days,
        won,
        decided,
        at_risk,
        coalesce(
            exp(sum(
                case when decided < at_risk then ln(1 - decided / at_risk) else -1000 end
            ) over (
                partition by g_factor
                order by days rows between unbounded preceding and 1 preceding
            )),
            1
        ) as undecided_before
    from risk
),

running as (
    select
        *,
        sum(undecided_before * won / at_risk) over (
            partition by g_factor order by days rows between unbounded preceding and current row
        ) as share
    from survival
),

lasts as (
    select
        g_factor,
        max(share) as last_share
    from running
    group by g_factor
),

-- Rounded, since logarithms differ between machines in their last digits.
returned as (
    select
        r.g_factor,
        round(max(l.last_share), 9) as share,
        round(sqrt(greatest(0, sum(
            case
                when r.decided < r.at_risk
                    then
                        (l.last_share - r.share) * (l.last_share - r.share)
                        * r.decided / (r.at_risk * (r.at_risk - r.decided))
                else 0
            end
            + r.undecided_before * r.undecided_before * r.won * (r.at_risk - r.won)
            / (r.at_risk * r.at_risk * r.at_risk)
            - 2 * (l.last_share - r.share) * r.undecided_before * r.won / (r.at_risk * r.at_risk)
        ))), 9) as error
    from running as r
    inner join lasts as l on r.g_factor = l.g_factor
    group by r.g_factor
),

figures as (
    select
        g_factor,
        'stalled' as measure,
        cast(sum(case when stalls > 0 then 1 else 0 end) as double) as value,
        count(*) as n,
        cast(null as double) as error,
        false as is_share
    from named
    group by g_factor
    union all
    select
        g_factor,
        'stalled_share',
        cast(sum(case when stalls > 0 then 1 else 0 end) as double) / count(*),
        count(*),
        null,
        true
    from named
    group by g_factor
    union all
    select
        g_factor,
        'broken_share',
        cast(sum(broken) as double) / sum(stalls),
        sum(stalls),
        null,
        true
    from named
    group by g_factor
    having sum(stalls) > 0
    union all
    select
        w.g_factor,
        'resurrection_share',
        max(r.share),
        sum(case when w.fate <> 'open' or w.days >= w.return_days then 1 else 0 end),
        max(r.error),
        true
    from watched as w
    inner join returned as r on w.g_factor = r.g_factor
    group by w.g_factor
    union all
    select
        g_factor,
        'zombies',
        cast(sum(
            case when status = 'open' and outcome = 'no_decision' then 1 else 0 end
        ) as double),
        sum(case when status = 'open' then 1 else 0 end),
        null,
        false
    from named
    group by g_factor
    union all
    select
        n.g_factor,
        o.measure,
        cast(sum(case when n.outcome = o.outcome then 1 else 0 end) as double),
        count(*),
        null,
        false
    from named as n
    cross join (
        select
            'no_decisions' as measure,
            'no_decision' as outcome
        union all
        select
            'unknown_losses',
            'unknown_loss'
        union all
        select
            'undecided',
            'open'
    ) as o
    group by n.g_factor, o.measure
)

select
    g_factor,
    measure,
    value,
    case
        when is_share and error > 0 and value > 0 and value < 1
            then power(value, exp(-1.959964 * error / (value * ln(value))))
        when is_share and n > 0
            then greatest(
                0,
                (
                    value + 1.920729 / n
                    - 1.959964 * sqrt(value * (1 - value) / n + 0.960365 / n / n)
                ) / (1 + 3.841459 / n)
            )
    end as low,
    case
        when is_share and error > 0 and value > 0 and value < 1
            then power(value, exp(1.959964 * error / (value * ln(value))))
        when is_share and n > 0
            then least(
                1,
                (
                    value + 1.920729 / n
                    + 1.959964 * sqrt(value * (1 - value) / n + 0.960365 / n / n)
                ) / (1 + 3.841459 / n)
            )
    end as high,
    cast(coalesce(n, 0) as bigint) as n
from figures
