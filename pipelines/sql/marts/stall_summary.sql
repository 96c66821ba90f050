-- Stalled deals in figures, with g as it was learned: how many are open only in the CRM and what
-- they amount to, how many ever stalled, how many stalls the buyer broke, and how many stalled
-- deals were won after all (as marts.stall_by_g, which tells the same for other g).
with zombies as (
    select
        cast(sum(cast(round(100 * d.amount_base) as bigint)) as double) / 100 as amount_base,
        count(*) as deals
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    where d.status = 'open' and o.outcome = 'no_decision'
)

select
    measure,
    value,
    low,
    high,
    n
from marts.stall_by_g
where
    g_factor = 1
    and measure in ('zombies', 'stalled', 'stalled_share', 'broken_share', 'resurrection_share')
union all
select
    'zombie_amount',
    amount_base,
    null,
    null,
    cast(deals as bigint)
from zombies
