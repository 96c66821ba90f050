-- The weekly grid of each deal that is not excluded: every landmark from its creation to the last
-- one before it closed for good. Weeks in which a deal that was opened again stood closed are on
-- the grid, so that windows of rows are windows of weeks.
with spans as (
    select
        d.deal_id,
        cast(floor((p.as_of_end_sec - 1 - d.created_sec) / 604800) as integer) as first_week,
        case
            when d.closed_sec is null then 0
            else cast(floor((p.as_of_end_sec - 1 - d.closed_sec) / 604800) as integer) + 1
        end as last_week
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    cross join core.parameters as p
    where o.outcome <> 'excluded'
)

select
    s.deal_id,
    w.week,
    w.snapshot_day,
    w.end_sec
from spans as s
inner join features.weeks as w on w.week between s.last_week and s.first_week
