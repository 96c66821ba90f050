-- Weeks of open deals by the options that stood before the buyer when the week began, and how the
-- deal ended within it, unadjusted. Kinds: all; ours; competitor; incumbent (no, yes); added, by the
-- weeks since our offers or rivals last grew; grown, by how many came in the four weeks before. Only
-- weeks that are over, of sources on whose deals options are on record, from the first one on.
with sources as (
    select
        d.source,
        min(cast(floor(o.offered_sec / 86400) as integer)) as first_day
    from core.options as o
    inner join core.deals as d on o.deal_id = d.deal_id
    group by d.source
),

weeks as (
    select
        s.deal_id,
        s.options_all,
        s.options_ours,
        s.options_competitor,
        s.incumbent_known,
        s.days_since_option,
        s.options_all - coalesce(b.options_all, 0) as grown,
        case when s.days_to_outcome <= 7 then s.outcome end as ending
    from features.snapshots as s
    inner join sources as r on s.source = r.source and s.snapshot_day >= r.first_day
    left join features.snapshots as b on s.deal_id = b.deal_id and s.week + 4 = b.week
    where
        s.week >= 1
        and not s.is_stalled
        and (s.days_to_outcome is null or s.days_to_outcome > 0)
),

levels as (
    select
        deal_id,
        ending,
        'all' as kind,
        case
            when options_all >= 4 then '4_or_more' else cast(options_all as varchar)
        end as level
    from weeks

    union all

    select
        deal_id,
        ending,
        'ours',
        case when options_ours >= 4 then '4_or_more' else cast(options_ours as varchar) end
    from weeks

    union all

    select
        deal_id,
        ending,
        'competitor',
        case
            when options_competitor >= 4 then '4_or_more' else cast(options_competitor as varchar)
        end
    from weeks

    union all

    select
        deal_id,
        ending,
        'incumbent',
        case when incumbent_known then 'yes' else 'no' end
    from weeks

    union all

    select
        deal_id,
        ending,
        'added',
        case
            when days_since_option < 28 then 'under_4_weeks'
            when days_since_option < 56 then '4_to_7_weeks'
            when days_since_option < 91 then '8_to_12_weeks'
            else '13_weeks_or_more'
        end
    from weeks
    where days_since_option is not null

    union all

    select
        deal_id,
        ending,
        'grown',
        case when grown >= 2 then '2_or_more' when grown = 1 then '1' else 'none' end
    from weeks
)

select
    kind,
    level,
    count(distinct deal_id) as deals,
    count(*) as weeks,
    cast(sum(case when ending = 'no_decision' then 1 else 0 end) as bigint) as no_decisions,
    cast(sum(case when ending = 'won' then 1 else 0 end) as bigint) as won,
    cast(sum(case when ending = 'lost_to_competitor' then 1 else 0 end) as bigint)
        as lost_to_competitor,
    cast(sum(
        case when ending not in ('no_decision', 'won', 'lost_to_competitor') then 1 else 0 end
    ) as bigint) as other,
    cast(sum(case when ending = 'no_decision' then 1 else 0 end) as double) / count(*)
        as no_decision_share,
    cast(sum(case when ending in ('won', 'lost_to_competitor') then 1 else 0 end) as double)
    / count(*) as decision_share
from levels
group by kind, level
