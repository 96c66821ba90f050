-- Moves between stages. The first row of a deal is the stage it was created in (from_stage null).
with steps as (
    select
        *,
        lag(stage) over (partition by deal_id order by seq) as from_stage,
        lag(stage_order) over (partition by deal_id order by seq) as from_stage_order,
        lag(is_closed) over (partition by deal_id order by seq) as is_from_closed
    from core.deal_states
    where stage is not null
),

moves as (
    select *
    from steps
    where from_stage is null or from_stage <> stage
)

select
    deal_id,
    changed_at,
    from_stage,
    stage as to_stage,
    changed_by,
    is_bulk,
    changed_sec,
    changed_day,
    stage_order as to_stage_order,
    is_closed as is_to_closed,
    coalesce(
        not is_closed and not is_from_closed and stage_order < from_stage_order, false
    ) as is_backward,
    cast(row_number() over (partition by deal_id order by seq) - 1 as integer) as seq,
    coalesce(
        not is_closed and not is_from_closed and stage_order > from_stage_order, false
    ) as is_forward,
    needs_buyer as is_to_needs_buyer,
    stage_class as to_stage_class
from moves
