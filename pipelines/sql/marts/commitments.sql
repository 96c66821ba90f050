-- Dated promises on deals, by who made them: how many were kept, by their day or later, how many are
-- overdue tonight, and how many were left behind when their deal closed. A promise is overdue from
-- the end of its day on.
with promises as (
    select
        c.made_by,
        c.deal_id,
        c.due_day,
        c.kept_sec,
        cast(floor(c.made_sec / 86400) as integer) as made_day,
        cast(floor(c.kept_sec / 86400) as integer) as kept_day,
        d.closed_sec is not null as is_closed,
        p.as_of_day
    from core.commitments as c
    inner join core.deals as d on c.deal_id = d.deal_id
    inner join core.outcomes as o on c.deal_id = o.deal_id
    cross join core.parameters as p
    where o.outcome <> 'excluded'
),

states as (
    select
        made_by,
        deal_id,
        made_day,
        due_day,
        kept_day,
        as_of_day,
        case
            when kept_sec is not null and due_day is null then 'kept'
            when kept_day <= greatest(due_day, made_day) then 'in_time'
            when kept_sec is not null then 'late'
            when is_closed then 'left'
            when greatest(due_day, made_day) <= as_of_day then 'overdue'
            else 'standing'
        end as state
    from promises
)

select
    made_by,
    count(distinct deal_id) as deals,
    count(*) as made,
    count(due_day) as dated,
    sum(case when state in ('kept', 'in_time', 'late') then 1 else 0 end) as kept,
    sum(case when state = 'in_time' then 1 else 0 end) as kept_in_time,
    sum(case when state = 'late' then 1 else 0 end) as kept_late,
    sum(case when state = 'overdue' then 1 else 0 end) as overdue,
    sum(case when state = 'standing' then 1 else 0 end) as standing,
    sum(case when state = 'left' then 1 else 0 end) as left_at_close,
    avg(case when due_day >= made_day then cast(due_day - made_day as double) end)
        as mean_days_given,
    avg(case when state = 'late' then cast(kept_day - greatest(due_day, made_day) as double) end)
        as mean_days_late,
    avg(
        case when state = 'overdue' then cast(as_of_day - greatest(due_day, made_day) as double) end
    ) as mean_days_overdue
from states
group by made_by
