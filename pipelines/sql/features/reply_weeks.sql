-- Replies by the week in which they became known, with running totals up to the latest one: touches
-- made when it came (one in the same second came before it), those of them that a reply followed,
-- and the seconds from each of these to the first reply after it, as far as each was known.
with moments as (
    select
        deal_id,
        known_sec as sec,
        sum(case when is_touch then 1 else 0 end) as touches,
        max(case when is_reply then 1 else 0 end) as is_reply
    from core.activities
    where deal_id is not null and (is_touch or is_reply)
    group by deal_id, known_sec
),

running as (
    select
        deal_id,
        sec,
        is_reply,
        sum(touches) over (
            partition by deal_id order by sec
            rows between unbounded preceding and current row
        ) as touches_until,
        sum(touches * sec) over (
            partition by deal_id order by sec
            rows between unbounded preceding and current row
        ) as touch_secs_until
    from moments
),

waits as (
    select
        deal_id,
        sec,
        touches_until,
        (touches_until - lag(touches_until, 1, 0) over (partition by deal_id order by sec)) * sec
        - (
            touch_secs_until
            - lag(touch_secs_until, 1, 0) over (partition by deal_id order by sec)
        ) as waited_sec
    from running
    where is_reply = 1
),

totals as (
    select
        deal_id,
        sec,
        touches_until,
        sum(waited_sec) over (
            partition by deal_id order by sec
            rows between unbounded preceding and current row
        ) as waited_sec
    from waits
)

select
    t.deal_id,
    cast(floor((p.as_of_end_sec - 1 - t.sec) / 604800) as integer) as week,
    cast(max(t.touches_until) as integer) as touches_until_reply,
    cast(max(t.waited_sec) as bigint) as waited_sec
from totals as t
cross join core.parameters as p
group by t.deal_id, cast(floor((p.as_of_end_sec - 1 - t.sec) / 604800) as integer)
