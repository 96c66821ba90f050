-- Traps among deals: one row a source and trap, found or not, with the number of deals it was
-- looked for in, what was done, the setting that governs it, and the share from which it warns.
with sizes as (
    select
        d.source,
        count(*) as deals,
        sum(case when d.status = 'lost' then 1 else 0 end) as lost,
        sum(case when d.status <> 'open' then 1 else 0 end) as closed,
        sum(case when d.amount is not null then 1 else 0 end) as with_amount,
        sum(case when d.amount is not null and d.amount_base is null then 1 else 0 end)
            as not_converted,
        count(distinct d.currency) as currencies,
        sum(case when o.is_cleanup then 1 else 0 end) as cleanups,
        sum(case when d.is_backdated then 1 else 0 end) as backdated,
        sum(case when d.is_migrated then 1 else 0 end) as migrated,
        sum(case when d.is_order_entry then 1 else 0 end) as order_entries,
        sum(case when d.recycled_from is not null then 1 else 0 end) as recreated,
        sum(
            case
                when
                    d.expected_close_day > p.as_of_day + 365 * p.far_date_years
                    then 1
                else 0
            end
        ) as far_dates,
        count(distinct d.seller_id) as owners
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    cross join core.parameters as p
    group by d.source
),

cleanup_days as (
    select
        d.source,
        d.closed_day,
        count(*) as deals,
        row_number() over (
            partition by d.source order by count(*) desc, d.closed_day
        ) as place
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    where o.is_cleanup
    group by d.source, d.closed_day
),

import_days as (
    select
        source,
        created_day,
        count(*) as deals,
        row_number() over (partition by source order by count(*) desc, created_day) as place
    from core.deals
    where is_migrated
    group by source, created_day
),

gone as (
    select
        source,
        sum(case when why = 'merged' then 1 else 0 end) as merged,
        sum(case when why <> 'merged' then 1 else 0 end) as deleted,
        sum(case when why <> 'merged' and status = 'won' then 1 else 0 end) as won,
        sum(case when why <> 'merged' and status = 'lost' then 1 else 0 end) as lost,
        sum(case when why <> 'merged' and status = 'open' then 1 else 0 end) as still_open
    from core.removals
    where is_left_out
    group by source
),

listed as (
    select
        source,
        count(*) as sellers
    from core.sellers
    where coalesce(is_active, true) and not coalesce(is_automatic, false)
    group by source
),

examples as (
    select
        source,
        min(deal_id) as deal_id
    from core.deals
    where recycled_from is not null
    group by source
),

facts as (
    select
        s.*,
        p.warn_share,
        p.sharing_share,
        coalesce(g.merged, 0) as merged,
        coalesce(g.deleted, 0) as deleted,
        'won ' || cast(coalesce(g.won, 0) as varchar)
        || ', lost ' || cast(coalesce(g.lost, 0) as varchar)
        || ', open ' || cast(coalesce(g.still_open, 0) as varchar)
        || ', unknown ' || cast(
            coalesce(g.deleted - g.won - g.lost - g.still_open, 0) as varchar
        ) as deleted_detail,
        coalesce(l.sellers, 0) as sellers,
        cast(cast('1970-01-01' as date) + c.closed_day as varchar)
        || ': ' || cast(c.deals as varchar) as cleanup_detail,
        cast(cast('1970-01-01' as date) + i.created_day as varchar)
        || ': ' || cast(i.deals as varchar) as import_detail,
        e.deal_id as recreated_detail
    from sizes as s
    cross join core.parameters as p
    left join gone as g on s.source = g.source
    left join listed as l on s.source = l.source
    left join cleanup_days as c on s.source = c.source and c.place = 1
    left join import_days as i on s.source = i.source and i.place = 1
    left join examples as e on s.source = e.source
)

select
    source,
    'mass_cleanups' as trap,
    cast(cleanups as bigint) as found,
    cast(lost as bigint) as looked_at,
    'deals' as unit,
    'marked' as done,
    'outcomes.cleanup_min_deals' as setting,
    cleanup_detail as detail,
    warn_share as limit_share
from facts
union all
select
    source,
    'backdated_closings',
    backdated,
    closed,
    'deals',
    'system_date',
    'traps.backdated_days',
    null,
    warn_share
from facts
union all
select
    source,
    'far_close_dates',
    far_dates,
    deals,
    'deals',
    'left_as_is',
    'traps.far_date_years',
    null,
    0
from facts
union all
select
    source,
    'migrated_deals',
    migrated,
    deals,
    'deals',
    'excluded',
    'traps.import_share',
    import_detail,
    0
from facts
union all
select
    source,
    'order_entries',
    order_entries,
    deals,
    'deals',
    'excluded',
    'traps.warn_share',
    null,
    warn_share
from facts
union all
select
    source,
    'recreated_deals',
    recreated,
    deals,
    'deals',
    'linked',
    'traps.recreated_days',
    recreated_detail,
    warn_share
from facts
union all
select
    source,
    'deleted_deals',
    deleted,
    deals + deleted,
    'deals',
    'excluded',
    'traps.warn_share',
    deleted_detail,
    warn_share
from facts
union all
select
    source,
    'merged_deals',
    merged,
    deals + merged,
    'deals',
    'moved',
    'traps.warn_share',
    null,
    warn_share
from facts
union all
select
    source,
    'other_currencies',
    not_converted,
    with_amount,
    'deals',
    'excluded',
    'source.reporting_currency',
    case when currencies > 1 then cast(currencies as varchar) end,
    warn_share
from facts
union all
-- Only a list of people that is longer than the list of owners can tell.
select
    source,
    'limited_sharing',
    case when sellers >= 5 and owners < sharing_share * sellers then sellers - owners else 0 end,
    sellers,
    'sellers',
    'needs_export',
    'traps.sharing_share',
    cast(owners as varchar),
    0
from facts
