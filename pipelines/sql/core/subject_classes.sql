-- What the wording of each activity's or promise's subject tells, by the subject rules: one row a
-- distinct subject. Within an aspect the first rule in order that fits decides.
with subjects as (
    select distinct subject
    from (
        select subject from crm.activities where not coalesce(is_twin, false)
        union all
        select subject from crm.commitments
    )
    where subject is not null
),

-- Long subjects say what they are at their beginning.
texts as (
    select distinct substr(lower(trim(subject)), 1, 200) as text from subjects
),

rules as (
    select
        r.rule_order,
        r.pattern,
        r.aspect,
        r.value,
        coalesce(l.literal, '') as literal
    from core.subject_rules as r
    left join core.rule_literals as l on r.pattern = l.pattern
),

hits as (
    select
        t.text,
        r.aspect,
        min(r.rule_order) as rule_order
    from texts as t
    inner join rules as r
        on case when contains(t.text, r.literal) then regexp_matches(t.text, r.pattern) else false end
    group by t.text, r.aspect
),

told as (
    select
        h.text,
        max(case when h.aspect = 'direction' then r.value end) as direction,
        max(case when h.aspect = 'topic' then r.value end) as topic,
        max(case when h.aspect = 'automatic' then r.value end) as automatic,
        max(case when h.aspect = 'skip' then r.value end) as skip,
        max(case when h.aspect = 'made_by' then r.value end) as made_by,
        max(case when h.aspect = 'status' then r.value end) as status
    from hits as h
    inner join rules as r on h.aspect = r.aspect and h.rule_order = r.rule_order
    group by h.text
)

select
    s.subject,
    t.direction,
    coalesce(t.topic, 'other') as topic,
    coalesce(t.automatic = 'true', false) as is_automatic,
    coalesce(t.skip = 'true', false) as is_skipped,
    t.made_by,
    t.status
from subjects as s
left join told as t on substr(lower(trim(s.subject)), 1, 200) = t.text
