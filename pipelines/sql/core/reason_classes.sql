-- The class of each loss reason, lead reason, lead status and stage name, by the ordered rules:
-- one row a distinct text, lower-cased. What no rule knows is `unmapped`. Of several values in one
-- field (`;` between them) the weightiest counts. What the analyst says of a text comes first.
with given as (
    select lost_reason as reason from crm.deals
    union all
    select lost_reason_detail from crm.deals
    union all
    select reason from crm.leads
    union all
    select status from crm.leads
    union all
    select stage from crm.stages
),

texts as (
    select
        lower(trim(reason)) as reason,
        min(reason) as example
    from given
    where trim(reason) <> ''
    group by lower(trim(reason))
),

places as (
    select 1 as place
    union all select 2
    union all select 3
    union all select 4
    union all select 5
    union all select 6
    union all select 7
    union all select 8
),

-- Curly quotes, dashes and doubled spaces are typing, and say nothing.
split as (
    select
        t.reason,
        trim(
            regexp_replace(
                translate(split_part(t.reason, ';', p.place), '’‘–—_', '''---'), '[ \t\r\n]+', ' ', 'g'
            )
        ) as part
    from texts as t
    inner join places as p
        on p.place = 1 or length(t.reason) - length(replace(t.reason, ';', '')) >= p.place - 1
),

-- A leading number orders a list, and "Lost -" or "CL:" before a reason only repeats the status.
unprefixed as (
    select
        reason,
        regexp_replace(
            part,
            '^([0-9]+ *[-.:)/] *|[0-9]+ +|(closed?[- /]*lost|lost|loss|lose|closed|cl|c/l|l|실주|드[랍롭])( ?reason| ?사유)?s? *[-:/>|(]+ *)+',
            ''
        ) as part
    from split
),

-- "Not a competitor, they stopped answering" is about what follows, not about the competitor.
parts as (
    select distinct
        reason,
        trim(
            regexp_replace(
                regexp_replace(part, '^([^()]*)[)]$', '\1'),
                '(^|[^a-z])(no (other )?competit(or|ion)s?( involved| here)?|not (a |an |to |the |due |about |because |of |on |over |lost |really )*(competit(or|ion)s?|pric(e|ing)|costs?|budget)( issue| problem| related)?) *(,|- |[.]|:|but |$) *',
                '\1',
                'g'
            )
        ) as part
    from unprefixed
),

rules as (
    select
        r.rule_order,
        r.language,
        r.pattern,
        r.reason_class,
        nullif(r.subclass, '') as subclass,
        coalesce(l.literal, '') as literal
    from core.loss_reason_rules as r
    left join core.rule_literals as l on r.pattern = l.pattern
),

texts_asked as (
    select distinct
        part,
        regexp_matches(part, '[가-힣]') as is_korean,
        regexp_matches(part, '[a-z]') as is_latin
    from parts
    where part <> ''
),

hits as (
    select
        p.part,
        min(r.rule_order) as rule_order
    from texts_asked as p
    inner join rules as r
        -- A language whose letters a text has none of is not asked.
        on case
            when not contains(p.part, r.literal) then false
            when r.language = 'ko' and not p.is_korean then false
            when r.language = 'en' and p.is_korean and not p.is_latin then false
            else regexp_matches(p.part, r.pattern)
        end
    group by p.part
),

classed as (
    select
        p.reason,
        r.reason_class,
        r.subclass,
        row_number() over (
            partition by p.reason
            order by
                case r.reason_class
                    when 'hygiene' then 1
                    when 'disqualified' then 2
                    when 'competitor' then 3
                    when 'incumbent' then 4
                    when 'no_decision' then 5
                    when 'seller_drop' then 6
                    when 'budget' then 7
                    when 'price' then 8
                    when 'product' then 9
                    else 10
                end,
                r.rule_order
        ) as weight
    from parts as p
    inner join hits as h on p.part = h.part
    inner join rules as r on h.rule_order = r.rule_order
)

select
    t.reason,
    coalesce(m.value, c.reason_class, 'unmapped') as reason_class,
    case when m.value is null then c.subclass end as subclass,
    t.example
from texts as t
left join classed as c on t.reason = c.reason and c.weight = 1
left join core.mappings as m on m.what = 'loss_reason' and t.reason = m.word
