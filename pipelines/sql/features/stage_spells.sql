-- The stage a deal was in, as its history tells it: one row per deal and week with a stage change,
-- holding the state after the last change of that week. It is what the landmarks know from
-- from_week down to, but not including, until_week (weeks count backwards).
with changes as (
    select
        s.deal_id,
        s.to_stage as stage,
        s.to_stage_order as stage_order,
        s.is_to_closed as is_closed,
        s.changed_day as entered_day,
        s.seq,
        cast(floor((p.as_of_end_sec - 1 - s.changed_sec) / 604800) as integer) as week,
        sum(case when s.from_stage is not null then 1 else 0 end) over (
            partition by s.deal_id order by s.seq
            rows between unbounded preceding and current row
        ) as stage_moves,
        sum(case when s.is_backward then 1 else 0 end) over (
            partition by s.deal_id order by s.seq
            rows between unbounded preceding and current row
        ) as backward_moves
    from core.stage_changes as s
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
    stage,
    stage_order,
    is_closed,
    entered_day,
    cast(stage_moves as integer) as stage_moves,
    cast(backward_moves as integer) as backward_moves
from recent
where recency = 1
