-- The stages of each pipeline: their order, whether they end a deal, whether only the buyer can
-- bring a deal there, and what their name says of the ending (stage_class). A stage that the
-- export does not describe is read by its name. What the analyst says of a stage comes first.
with names as (
    select distinct
        stage,
        -- What orders a list ("4.", "S3 -", "[2]", "3단계", a picture) says nothing of the stage.
        regexp_replace(
            regexp_replace(
                trim(regexp_replace(translate(lower(stage), '–—_', '---'), '[ \t\r\n]+', ' ', 'g')),
                '^[^a-z0-9가-힣]*((stage|step|phase|s|p)? ?[0-9]+ ?(단계|차|%)?[])]? *[-.:)/] *|(stage|step|phase)? ?[0-9]+ ?(단계|%)?[])]? +|[0-9]+[])] *)?[^a-z0-9가-힣]*',
                ''
            ),
            '[^a-z0-9가-힣)]+$',
            ''
        ) as text
    from crm.stages
    where stage is not null
),

hits as (
    select
        n.stage,
        min(case when r.stage_class <> 'needs_buyer' then r.rule_order end) as class_order,
        max(case when r.stage_class = 'needs_buyer' then 1 else 0 end) as needs_buyer
    from names as n
    inner join core.stage_rules as r on regexp_matches(n.text, r.pattern)
    group by n.stage
),

worded as (
    select
        h.stage,
        h.needs_buyer = 1 as needs_buyer,
        r.stage_class
    from hits as h
    left join core.stage_rules as r
        on h.class_order = r.rule_order and r.stage_class <> 'needs_buyer'
),

known as (
    select
        c.source,
        c.pipeline,
        c.stage,
        c.stage_order,
        c.crm_probability,
        coalesce(w.needs_buyer, false) as needs_buyer,
        case when a.value is null then w.stage_class else a.value end as stage_class,
        case when a.value is null then m.reason_class end as reason_class,
        coalesce(a.value = 'won', c.is_won, w.stage_class = 'won', false) as is_won,
        coalesce(
            a.value not in ('open', 'nurture', 'on_hold'),
            c.is_closed,
            w.stage_class not in ('open', 'nurture', 'on_hold'),
            false
        ) as is_closed
    from crm.stages as c
    left join worded as w on c.stage = w.stage
    left join core.mappings as a on a.what = 'stage' and lower(trim(c.stage)) = a.word
    left join core.reason_classes as m on lower(trim(c.stage)) = m.reason
    where c.stage is not null
)

select
    pipeline,
    stage,
    stage_order,
    is_closed or is_won as is_closed,
    is_won,
    needs_buyer and not is_closed and not is_won as needs_buyer,
    crm_probability,
    source,
    case
        when is_won then 'won'
        when not is_closed then
            case when stage_class in ('nurture', 'on_hold') then stage_class else 'open' end
        -- A lost stage that names its reason says more than that it is lost.
        when stage_class is not null and stage_class not in ('won', 'lost', 'open', 'on_hold')
            then stage_class
        when reason_class not in ('unmapped', 'other') then reason_class
        else 'lost'
    end as stage_class
from known
