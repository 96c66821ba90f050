-- How each deal ended, and by which rule. The rules stand in the order in which they are asked:
-- what is no deal to speak of, won, ended by the seller, a rival's win, our own neglect, no
-- decision; a loss without a usable reason is a no decision if it was stalled, else unknown. An
-- open deal on which the stall rule holds is a no decision too. Event logs state their outcomes.
with reasons as (
    select
        d.*,
        p.new_business_only,
        p.incumbent_is_no_decision,
        coalesce(r.reason_class, case when d.lost_reason is not null then 'unmapped' end)
            as picked_class,
        r.subclass as picked_subclass,
        t.reason_class as detail_class,
        t.subclass as detail_subclass,
        coalesce(
            lower(trim(d.competitor)) not in (
                '', '-', '--', 'none', 'n/a', 'na', 'no', 'unknown', 'not applicable', 'other', 'tbd',
                'no competitor', 'no competition', 'none identified', 'no decision', 'status quo',
                'do nothing', 'in-house', 'internal', '없음', '해당 없음', '해당없음', '미상', '모름'
            ),
            false
        ) as names_rival
    from core.deals as d
    cross join core.parameters as p
    left join core.reason_classes as r on lower(trim(d.lost_reason)) = r.reason
    left join core.reason_classes as t on lower(trim(d.lost_reason_detail)) = t.reason
),

-- The picked reason counts; the words beside it only where it says nothing.
usable as (
    select
        *,
        case
            when coalesce(picked_class, 'unmapped') not in ('unmapped', 'other') then picked_class
            when coalesce(detail_class, 'unmapped') not in ('unmapped', 'other') then detail_class
        end as told_class,
        case
            when coalesce(picked_class, 'unmapped') not in ('unmapped', 'other')
                then picked_subclass
            when coalesce(detail_class, 'unmapped') not in ('unmapped', 'other')
                then detail_subclass
        end as told_subclass
    from reasons
),

last_stalls as (
    select
        deal_id,
        max(stalled_day) as stalled_day
    from core.stalls
    where broken_day is null
    group by deal_id
),

-- The stage in which a deal appeared first.
firsts as (
    select
        deal_id,
        is_to_closed
    from core.stage_changes
    where seq = 0
),

-- Closings of one seller on one day far above their ordinary days are a clean-up of the list.
lost_days as (
    select
        source,
        seller_id,
        closed_day,
        count(*) as deals
    from core.deals
    where status = 'lost' and seller_id is not null and outcome_hint is null
    group by source, seller_id, closed_day
),

ordinary as (
    select
        l.source,
        l.seller_id,
        l.deals,
        row_number() over (
            partition by l.source, l.seller_id order by l.deals, l.closed_day
        ) as place,
        count(*) over (partition by l.source, l.seller_id) as days
    from lost_days as l
    cross join core.parameters as p
    where l.deals < p.cleanup_min_deals
),

medians as (
    select
        source,
        seller_id,
        min(deals) as usual
    from ordinary
    where 2 * place >= days
    group by source, seller_id
),

cleanups as (
    select
        l.source,
        l.seller_id,
        l.closed_day
    from lost_days as l
    cross join core.parameters as p
    left join medians as m on l.source = m.source and l.seller_id = m.seller_id
    where l.deals >= p.cleanup_min_deals and l.deals > p.cleanup_factor * coalesce(m.usual, 1)
),

ruled as (
    select
        u.*,
        s.stalled_day,
        c.closed_day is not null and u.status = 'lost' as is_cleanup,
        case
            when u.outcome_hint is not null then 'contract'
            when u.status <> 'won' and u.told_class = 'hygiene'
                then 'excluded_' || coalesce(u.told_subclass, 'hygiene')
            when u.status <> 'won' and u.stage_class = 'hygiene' then 'excluded_hygiene'
            when u.new_business_only and not u.is_new_business then 'excluded_renewal'
            when
                u.status <> 'open'
                and coalesce(f.is_to_closed and not u.is_reopened, u.closed_sec <= u.created_sec)
                then 'excluded_created_closed'
            when u.status = 'won' then 'won'
            when u.status = 'lost' and u.told_class = 'disqualified' then 'disqualified_reason'
            when u.status = 'lost' and u.stage_class = 'disqualified' then 'disqualified_stage'
            when u.status = 'lost' and u.told_class = 'product' and u.return_day is not null
                then 'disqualified_return_date'
            when u.status = 'lost' and u.told_class = 'competitor' then 'competitor_reason'
            when u.status = 'lost' and u.stage_class = 'competitor' then 'competitor_stage'
            when
                u.status = 'lost'
                and u.told_class is null
                and u.names_rival
                and u.stage_class in ('lost', 'open')
                then 'competitor_field'
            when u.status = 'lost' and 'incumbent' in (u.told_class, u.stage_class) then 'incumbent'
            when
                u.status = 'lost'
                and (u.told_class in ('price', 'product') or u.stage_class in ('price', 'product'))
                then 'price_product'
            when u.status = 'lost' and 'seller_drop' in (u.told_class, u.stage_class)
                then 'seller_drop'
            when u.status = 'lost' and u.told_class in ('no_decision', 'budget')
                then 'no_decision_reason'
            when
                u.status = 'lost' and u.stage_class in ('no_decision', 'budget', 'nurture')
                then 'no_decision_stage'
            when u.status = 'lost' and s.stalled_day is not null then 'stalled_before_close'
            when u.status = 'lost' then 'unknown_loss'
            when s.stalled_day is not null then 'stalled_open'
            else 'open'
        end as rule
    from usable as u
    left join last_stalls as s on u.deal_id = s.deal_id
    left join firsts as f on u.deal_id = f.deal_id
    left join cleanups as c
        on u.source = c.source and u.seller_id = c.seller_id and u.closed_day = c.closed_day
),

decided as (
    select
        *,
        case
            when rule = 'contract' then outcome_hint
            when rule like 'excluded%' then 'excluded'
            when rule like 'disqualified%' then 'disqualified'
            when rule like 'competitor%' or rule = 'price_product' then 'lost_to_competitor'
            when rule = 'incumbent'
                then
                    case
                        when incumbent_is_no_decision then 'no_decision' else 'lost_to_competitor'
                    end
            when rule like 'no_decision%' or rule like 'stalled%' then 'no_decision'
            else rule
        end as outcome
    from ruled
)

select
    deal_id,
    outcome,
    closed_at as decided_at,
    epoch_ms((cast(stalled_day as bigint) + 1) * 86400000 - 1000) as stalled_at,
    coalesce(
        told_class,
        case
            when stage_class not in ('open', 'lost', 'won', 'on_hold', 'nurture') then stage_class
        end,
        picked_class
    ) as reason_class,
    coalesce(lost_reason, lost_reason_detail) as reason,
    rule,
    closed_day as decided_day,
    cast(stalled_day as integer) as stalled_day,
    cast(
        case
            when outcome = 'no_decision' then coalesce(stalled_day, closed_day)
            when outcome <> 'open' then closed_day
        end as integer
    ) as event_day,
    is_cleanup,
    told_class is not null
    or coalesce(stage_class not in ('open', 'lost', 'won', 'on_hold', 'nurture'), false)
        as has_reason,
    told_subclass as reason_subclass
from decided
