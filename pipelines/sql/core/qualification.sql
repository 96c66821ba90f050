-- Elements of qualification frameworks (MEDDPICC, BANT, SPIN, Challenger, Command of the Message, or
-- custom) on each deal: one row each time an element came to be answered, or to stand unanswered
-- again. Only what a history dates is here: an answer that stands on the current row alone may have
-- been filled at any time.
with told as (
    select
        d.deal_id,
        d.source,
        e.framework,
        e.element,
        case when q.answered_sec < d.created_sec then d.created_at else q.answered_at end
            as answered_at,
        greatest(q.answered_sec, d.created_sec) as answered_sec,
        q.answered_sec as told_sec,
        q.field,
        q.change_id,
        q.value is not null
        and lower(trim(q.value)) not in (
            'false', 'no', 'n', 'none', 'unknown', 'n/a', 'na', 'tbd', '?', '-', '0', '0.0',
            'not started', 'not identified', 'not confirmed', 'to be confirmed', 'pending',
            '아니요', '아니오', '미정', '미확인', '없음', '모름'
        ) as is_answered
    from crm.qualification as q
    inner join core.qualification_fields as e on q.field = e.field
    left join core.removals as r on q.deal_id = r.deal_id
    inner join core.deals as d on coalesce(r.survivor_id, q.deal_id) = d.deal_id
    cross join core.parameters as p
    where q.answered_sec < p.as_of_end_sec
),

turns as (
    select
        *,
        lag(is_answered, 1, false) over (
            partition by deal_id, framework, element order by told_sec, field, change_id
        ) as was_answered
    from told
)

select
    deal_id,
    framework,
    element,
    answered_at,
    is_answered,
    answered_sec,
    source
from turns
where is_answered <> was_answered
