-- The weeks in which each element of a qualification framework stood answered on a deal: one row a
-- spell, known at the landmarks from from_week down to, but not including, until_week (weeks count
-- backwards; what was cleared within its week was never known at a landmark).
with turns as (
    select
        q.deal_id,
        q.framework,
        q.element,
        q.is_answered,
        cast(floor((p.as_of_end_sec - 1 - q.answered_sec) / 604800) as integer) as from_week,
        cast(floor((p.as_of_end_sec - 1 - lead(q.answered_sec) over (
            partition by q.deal_id, q.framework, q.element order by q.answered_sec, q.is_answered
        )) / 604800) as integer) as next_week
    from core.qualification as q
    cross join core.parameters as p
)

select
    deal_id,
    framework,
    element,
    from_week,
    coalesce(next_week, -1) as until_week
from turns
where is_answered and from_week > coalesce(next_week, -1)
