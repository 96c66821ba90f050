-- The letters that any text must hold to fit a rule's pattern; empty where a pattern leaves the
-- choice open. Looking for letters costs a hundredth of trying a pattern, and most texts hold none.
with patterns as (
    select pattern from core.loss_reason_rules
    union
    select pattern from core.subject_rules
),

-- What may stand for several letters, or for none, is cut out: escapes, classes, groups (three
-- deep), and whatever `?`, `*` or a count makes optional.
unescaped as (
    select
        pattern,
        regexp_replace(
            regexp_replace(pattern, '\\.', '#', 'g'), '\[[^\]]*\]', '#', 'g'
        ) as rest
    from patterns
),

ungrouped as (
    select
        pattern,
        regexp_replace(
            regexp_replace(
                regexp_replace(rest, '\([^()]*\)', '#', 'g'), '\([^()]*\)', '#', 'g'
            ),
            '\([^()]*\)', '#', 'g'
        ) as rest
    from unescaped
),

required as (
    select
        pattern,
        regexp_replace(regexp_replace(rest, '.[?*]', '#', 'g'), '.[{][^}]*[}]', '#', 'g') as rest
    from ungrouped
)

select
    pattern,
    case
        when rest like '%|%' or rest like '%(%' then ''
        when regexp_matches(rest, '[a-z가-힣 ]{3,}')
            then regexp_extract(rest, '[a-z가-힣 ]{3,}', 0)
        else regexp_extract(rest, '[a-z가-힣]*[가-힣][a-z가-힣]*|[a-z]{2}', 0)
    end as literal
from required
