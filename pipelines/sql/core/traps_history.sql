-- Traps in the histories of deals and in the reasons of losses: one row a source and trap, found or
-- not, with what was done, the setting that governs it, and the share from which it warns.
with sources as (
    select distinct
        d.source,
        p.warn_share
    from core.deals as d
    cross join core.parameters as p
),

moves as (
    select
        d.source,
        count(*) as changes,
        sum(case when c.is_bulk then 1 else 0 end) as found
    from core.stage_changes as c
    inner join core.deals as d on c.deal_id = d.deal_id
    where c.from_stage is not null
    group by d.source
),

dates as (
    select
        d.source,
        count(*) as changes,
        sum(
            case
                when c.is_bulk and not c.is_at_close and c.to_day > c.from_day then 1
                else 0
            end
        ) as found
    from core.close_date_changes as c
    inner join core.deals as d on c.deal_id = d.deal_id
    where c.from_day is not null
    group by d.source
),

owners as (
    select
        source,
        count(*) as changes,
        sum(case when is_bulk then 1 else 0 end) as found
    from core.owner_changes
    group by source
),

-- Saves of deals that no file of deals and no list of removals knows.
saves as (
    select
        h.source,
        count(*) as changes,
        sum(case when d.deal_id is null and r.deal_id is null then 1 else 0 end) as found,
        min(case when d.deal_id is null and r.deal_id is null then h.deal_id end) as example
    from crm.deal_states as h
    left join crm.deals as d on h.deal_id = d.deal_id
    left join core.removals as r on h.deal_id = r.deal_id
    group by h.source
),

-- Quarters with enough losses, each against the best-filled one before it.
quarters as (
    select
        f.source,
        f.quarter,
        f.lost,
        f.with_reason,
        f.fill_share,
        f.top_reason,
        f.top_deals,
        max(f.fill_share) over (
            partition by f.source order by f.quarter_number
            rows between unbounded preceding and 1 preceding
        ) as fill_before,
        row_number() over (partition by f.source order by f.quarter_number desc) as recency
    from core.reason_fill as f
    cross join core.parameters as p
    where f.lost >= p.fill_min_losses
),

fills as (
    select
        q.source,
        sum(q.lost) as lost,
        sum(
            case
                when q.fill_before >= p.fill_before and q.fill_share < p.fill_after
                    then q.lost - q.with_reason
                else 0
            end
        ) as abandoned,
        min(
            case
                when q.fill_before >= p.fill_before and q.fill_share < p.fill_after then q.quarter
            end
        ) as first_quarter
    from quarters as q
    cross join core.parameters as p
    group by q.source
),

reasons as (
    select
        source,
        lower(trim(lost_reason)) as reason,
        count(*) as deals,
        sum(count(*)) over (partition by source) as with_reason,
        row_number() over (
            partition by source order by count(*) desc, lower(trim(lost_reason))
        ) as place
    from core.deals
    where status = 'lost' and lost_reason is not null
    group by source, lower(trim(lost_reason))
),

defaults as (
    select
        r.source,
        r.with_reason,
        r.reason,
        case
            when r.with_reason >= p.fill_min_losses
                and r.deals > p.default_reason_share * r.with_reason
                then r.deals
            else 0
        end as found
    from reasons as r
    cross join core.parameters as p
    where r.place = 1
),

-- Expected close dates by the day of the month they fall on.
ends as (
    select
        d.source,
        extract(day from cast('1970-01-01' as date) + c.to_day + 1) as day_after,
        extract(day from cast('1970-01-01' as date) + c.to_day + 2) as day_after_that
    from core.close_date_changes as c
    inner join core.deals as d on c.deal_id = d.deal_id
    where c.to_day is not null
),

month_ends as (
    select
        source,
        count(*) as dates,
        sum(case when day_after = 1 then 1 else 0 end) as on_last,
        sum(case when day_after_that = 1 then 1 else 0 end) as on_last_but_one
    from ends
    group by source
)

select
    s.source,
    'bulk_moves' as trap,
    cast(coalesce(m.found, 0) as bigint) as found,
    cast(coalesce(m.changes, 0) as bigint) as looked_at,
    'changes' as unit,
    'marked' as done,
    'traps.bulk_share' as setting,
    cast(null as varchar) as detail,
    s.warn_share as limit_share
from sources as s
left join moves as m on s.source = m.source
union all
select
    s.source,
    'bulk_pushes',
    coalesce(t.found, 0),
    coalesce(t.changes, 0),
    'changes',
    'marked',
    'traps.bulk_share',
    null,
    s.warn_share
from sources as s
left join dates as t on s.source = t.source
union all
select
    s.source,
    'owner_transfers',
    coalesce(o.found, 0),
    coalesce(o.changes, 0),
    'changes',
    'marked',
    'outcomes.cleanup_min_deals',
    null,
    s.warn_share
from sources as s
left join owners as o on s.source = o.source
union all
select
    s.source,
    'history_without_deals',
    coalesce(h.found, 0),
    coalesce(h.changes, 0),
    'changes',
    'needs_export',
    'traps.warn_share',
    h.example,
    s.warn_share
from sources as s
left join saves as h on s.source = h.source
union all
select
    s.source,
    'reasons_abandoned',
    coalesce(f.abandoned, 0),
    coalesce(f.lost, 0),
    'deals',
    'left_as_is',
    'traps.fill_after',
    f.first_quarter,
    0
from sources as s
left join fills as f on s.source = f.source
union all
select
    s.source,
    'reason_by_default',
    coalesce(d.found, 0),
    coalesce(d.with_reason, 0),
    'deals',
    'left_as_is',
    'traps.default_reason_share',
    case when d.found > 0 then d.reason end,
    0
from sources as s
left join defaults as d on s.source = d.source
union all
select
    s.source,
    'dates_a_day_early',
    case
        when e.on_last_but_one > p.month_end_share * e.dates
            and e.on_last_but_one > 2 * e.on_last
            then e.on_last_but_one
        else 0
    end,
    coalesce(e.dates, 0),
    'changes',
    'needs_setting',
    'traps.month_end_share',
    null,
    0
from sources as s
cross join core.parameters as p
left join month_ends as e on s.source = e.source
