-- Which fields of the exports are elements of a qualification framework (MEDDPICC, BANT, SPIN,
-- Challenger, Command of the Message, or custom). What the analyst says of a field goes before the
-- rules, and either may say that a field is none. A field is dated where a history tells its values
-- with their days; a field that is only a column of a list of deals is not.
with fields as (
    select
        field,
        max(is_dated) as is_dated,
        trim(regexp_replace(
            regexp_replace(
                regexp_replace(field, '([a-z0-9])([A-Z])', '\1 \2', 'g'), '(__c|__pc|_c)$', ''
            ),
            '[^A-Za-z0-9가-힣]+', ' ', 'g'
        )) as words
    from (
        select
            field,
            1 as is_dated
        from crm.qualification
        union all
        select
            field,
            0
        from crm.deal_columns
    )
    where field is not null
    group by field
),

hits as (
    select
        f.field,
        min(r.rule_order) as rule_order
    from fields as f
    inner join core.qualification_rules as r on regexp_matches(lower(f.words), r.pattern)
    group by f.field
),

told as (
    select
        f.field,
        f.is_dated,
        coalesce(a.value, r.framework) as framework,
        coalesce(e.value, r.element) as element
    from fields as f
    left join hits as h on f.field = h.field
    left join core.qualification_rules as r on h.rule_order = r.rule_order
    left join core.mappings as a
        on a.what = 'qualification_framework' and lower(trim(f.field)) = a.word
    left join core.mappings as e
        on e.what = 'qualification_element' and lower(trim(f.field)) = e.word
)

select
    field,
    framework,
    element,
    is_dated = 1 as is_dated
from told
where framework <> ''
