-- In which stage each element of a qualification framework was first answered, by number of deals.
with firsts as (
    select
        q.deal_id,
        q.framework,
        q.element,
        min(q.answered_sec) as answered_sec
    from core.qualification as q
    inner join core.outcomes as o on q.deal_id = o.deal_id
    where q.is_answered and o.outcome <> 'excluded'
    group by q.deal_id, q.framework, q.element
),

stays as (
    select
        deal_id,
        to_stage as stage,
        to_stage_order as stage_order,
        is_to_closed,
        changed_sec as from_sec,
        lead(changed_sec) over (partition by deal_id order by seq) as until_sec
    from core.stage_changes
)

select
    f.framework,
    f.element,
    s.stage,
    max(s.stage_order) as stage_order,
    count(*) as deals
from firsts as f
inner join stays as s
    on
        f.deal_id = s.deal_id
        and f.answered_sec >= s.from_sec
        and (s.until_sec is null or f.answered_sec < s.until_sec)
where not coalesce(s.is_to_closed, false)
group by f.framework, f.element, s.stage
