-- Open weeks by what had been pushed when they began, and what came of them, unadjusted: all of them
-- by the touches since the buyer's last sign of life; and, by days of silence, by the touches of the
-- week before, by whether one of these pressed for time, and by whether a discount was offered.
with bands as (
    select
        *,
        case
            when silence_days < 14 then 'under_14'
            when silence_days < 21 then '14_to_20'
            when silence_days < 28 then '21_to_27'
            when silence_days < 42 then '28_to_41'
            else '42_or_more'
        end as silence
    from features.push_weeks
    where is_watched
),

levels as (
    select
        deal_id,
        is_answered,
        ending,
        'so_far' as kind,
        'all' as silence,
        case
            when touches_so_far = 0 then '0'
            when touches_so_far <= 2 then '1_to_2'
            when touches_so_far <= 5 then '3_to_5'
            else '6_or_more'
        end as level
    from bands

    union all

    select
        deal_id,
        is_answered,
        ending,
        'touches',
        silence,
        case when touches >= 3 then '3_or_more' else cast(touches as varchar) end
    from bands

    union all

    select
        deal_id,
        is_answered,
        ending,
        'urgent',
        silence,
        case when touches_urgent > 0 then 'yes' else 'no' end
    from bands
    where touches > 0 and silence_days >= 14

    union all

    select
        deal_id,
        is_answered,
        ending,
        'discount',
        silence,
        case when discounts > 0 then 'yes' else 'no' end
    from bands
    where touches > 0 and silence_days >= 14
)

select
    kind,
    silence,
    level,
    count(distinct deal_id) as deals,
    count(*) as weeks,
    cast(sum(case when is_answered then 1 else 0 end) as bigint) as answered,
    cast(sum(case when ending = 'no_decision' then 1 else 0 end) as bigint) as no_decisions,
    cast(sum(case when is_answered then 1 else 0 end) as double) / count(*) as answered_share,
    cast(sum(case when ending = 'no_decision' then 1 else 0 end) as double) / count(*)
        as no_decision_share
from levels
group by kind, silence, level
