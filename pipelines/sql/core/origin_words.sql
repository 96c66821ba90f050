-- What the wording of a lead source, of a present supplier, and of how a deal was won or what type
-- it has tells of a buyer's origin, by the ordered rules: one row a distinct text of each field,
-- lower-cased, that a rule knows.
with given as (
    select
        'came_by' as field,
        lead_source as text
    from crm.deals
    union
    select
        'supplier',
        incumbent
    from crm.accounts
    union
    select
        'ended',
        deal_type
    from crm.deals
    union
    select
        'ended',
        won_reason
    from crm.deals
    -- Some systems have one reason for both endings.
    union
    select
        'ended',
        lost_reason
    from crm.deals
    where is_won
),

texts as (
    select distinct
        field,
        lower(trim(text)) as text
    from given
    where trim(text) <> ''
),

hits as (
    select
        t.field,
        t.text,
        min(r.rule_order) as rule_order
    from texts as t
    inner join core.origin_rules as r
        on t.field = r.field and regexp_matches(substr(t.text, 1, 200), r.pattern)
    group by t.field, t.text
)

select
    h.field,
    h.text,
    r.says
from hits as h
inner join core.origin_rules as r on h.field = r.field and h.rule_order = r.rule_order
