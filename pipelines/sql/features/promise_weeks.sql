-- The buyer's own dated promises by week: one row per deal and week in which one was made or fell
-- due. What had become of those that fell due is as it stood at the landmark that ends the week.
with promises as (
    select
        c.deal_id,
        c.made_sec,
        c.kept_sec,
        -- A promise is due until the end of its day, and never before it was made.
        greatest(c.made_sec, 86400 * (cast(c.due_day as bigint) + 1) - 1) as due_sec,
        p.as_of_end_sec
    from core.commitments as c
    cross join core.parameters as p
    where c.made_by = 'buyer'
),

facts as (
    select
        deal_id,
        cast(floor((as_of_end_sec - 1 - made_sec) / 604800) as integer) as week,
        1 as made,
        0 as due,
        0 as kept
    from promises

    union all

    select
        deal_id,
        cast(floor((as_of_end_sec - 1 - due_sec) / 604800) as integer),
        0,
        1,
        case
            when
                kept_sec
                < as_of_end_sec - 604800 * floor((as_of_end_sec - 1 - due_sec) / 604800)
                then 1
            else 0
        end
    from promises
    where due_sec < as_of_end_sec
)

select
    deal_id,
    week,
    cast(sum(made) as integer) as made,
    cast(sum(due) as integer) as due,
    cast(sum(kept) as integer) as due_kept
from facts
group by deal_id, week
