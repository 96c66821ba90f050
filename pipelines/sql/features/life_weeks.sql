-- Signs of life by the week in which they became known: the day of the latest one, and how many
-- touches had been made when it came (a touch in the same second came before it).
with moments as (
    select
        deal_id,
        known_sec as sec,
        1 as touches,
        null as life_day
    from core.activities
    where deal_id is not null and is_touch

    union all

    select
        deal_id,
        sec,
        0,
        day
    from core.signs_of_life
),

seconds as (
    select
        deal_id,
        sec,
        sum(touches) as touches,
        max(life_day) as life_day
    from moments
    group by deal_id, sec
),

counted as (
    select
        deal_id,
        sec,
        life_day,
        sum(touches) over (
            partition by deal_id order by sec
            rows between unbounded preceding and current row
        ) as touches_until
    from seconds
)

select
    c.deal_id,
    cast(floor((p.as_of_end_sec - 1 - c.sec) / 604800) as integer) as week,
    max(c.life_day) as last_life_day,
    cast(max(c.touches_until) as integer) as touches_until_life
from counted as c
cross join core.parameters as p
where c.life_day is not null
group by c.deal_id, cast(floor((p.as_of_end_sec - 1 - c.sec) / 604800) as integer)
