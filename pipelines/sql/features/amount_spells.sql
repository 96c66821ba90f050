-- The amount a deal stood at, as its history tells it: one row per deal and week with a change,
-- after the last change of that week; known at the landmarks from from_week down to, but not
-- including, until_week.
with changes as (
    select
        c.deal_id,
        c.to_amount as amount,
        c.seq,
        cast(floor((p.as_of_end_sec - 1 - c.changed_sec) / 604800) as integer) as week,
        sum(case when c.from_amount is not null then 1 else 0 end) over (
            partition by c.deal_id order by c.seq
            rows between unbounded preceding and current row
        ) as amount_changes
    from core.amount_changes as c
    cross join core.parameters as p
),

recent as (
    select
        *,
        row_number() over (partition by deal_id, week order by seq desc) as recency
    from changes
)

select
    deal_id,
    week as from_week,
    coalesce(lead(week) over (partition by deal_id order by week desc), -1) as until_week,
    amount,
    cast(amount_changes as integer) as amount_changes
from recent
where recency = 1
