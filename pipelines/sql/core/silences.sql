-- The silences of each deal: spell 0 from its creation, each further one from a day with a sign of
-- life, until the next such day, the closing, or as_of. The stage is the one the silence was in.
-- What was not observed is not silent: a silence counts only from the day since which the source's
-- channels are on record (is_truncated), and one that ended before it is left out.
with starts as (
    select
        deal_id,
        created_day as day,
        created_sec as sec,
        0 as is_sign
    from core.deals
    union all
    select
        deal_id,
        day,
        min(sec) as sec,
        1 as is_sign
    from core.signs_of_life
    group by deal_id, day
),

ordered as (
    select
        deal_id,
        day,
        row_number() over (partition by deal_id order by day, is_sign) - 1 as spell,
        lead(day) over (partition by deal_id order by day, is_sign) as next_day,
        lead(sec) over (partition by deal_id order by day, is_sign) as next_sec
    from starts
),

spells as (
    select
        o.deal_id,
        o.spell,
        greatest(o.day, b.observed_from_day) as start_day,
        coalesce(b.observed_from_day > o.day, false) as is_truncated,
        coalesce(o.next_day, d.closed_day, p.as_of_day) as end_day,
        coalesce(o.next_sec, d.closed_sec, p.as_of_end_sec) as end_sec,
        case
            when o.next_day is not null then 'sign'
            when d.closed_day is not null then 'closed'
            else 'as_of'
        end as ended_by
    from ordered as o
    inner join core.deals as d on o.deal_id = d.deal_id
    cross join core.parameters as p
    left join core.observation as b on d.source = b.source and b.kind = ''
    where
        b.observed_from_day is null
        or b.observed_from_day <= o.day
        or b.observed_from_day < coalesce(o.next_day, d.closed_day, p.as_of_day)
),

in_stage as (
    select
        s.deal_id,
        s.spell,
        max(c.seq) as seq
    from spells as s
    inner join core.stage_changes as c
        on s.deal_id = c.deal_id and s.end_sec > c.changed_sec
    group by s.deal_id, s.spell
)

select
    s.deal_id,
    cast(s.spell as integer) as spell,
    cast(s.start_day as integer) as start_day,
    cast(s.end_day as integer) as end_day,
    s.ended_by,
    c.to_stage as stage_at_end,
    s.is_truncated
from spells as s
left join in_stage as i on s.deal_id = i.deal_id and s.spell = i.spell
left join core.stage_changes as c on i.deal_id = c.deal_id and i.seq = c.seq
