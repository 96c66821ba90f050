-- Traps of what was not on record: channels whose old acts are archived, channels switched on late,
-- and sellers who began to log mail late. One row a source and trap, found or not, with what was
-- done, the setting that governs it, and the share from which it warns.
with blind as (
    select
        b.source,
        max(case when b.kind <> '' and b.found_by = 'archive' then b.kind end) as archived_kind,
        max(case when b.kind <> '' and b.found_by = 'late_start' then b.kind end) as late_kind,
        max(
            case when b.kind <> '' and b.found_by = 'archive' then b.observed_from_day end
        ) as archived_until,
        max(
            case when b.kind <> '' and b.found_by = 'late_start' then b.observed_from_day end
        ) as late_from
    from core.observation as b
    group by b.source
),

-- A deal's days before it was observed make it unobserved there.
unobserved as (
    select
        d.source,
        sum(case when d.created_day < b.archived_until then 1 else 0 end) as archived,
        sum(case when d.created_day < b.late_from then 1 else 0 end) as late
    from core.deals as d
    inner join blind as b on d.source = b.source
    group by d.source
),

mail as (
    select
        source,
        seller_id,
        min(happened_day) as first_mail_day
    from core.activities
    where kind = 'email' and seller_id is not null
    group by source, seller_id
),

-- Sellers who began to log mail long after their first deal, or never did, where others do.
writers as (
    select
        d.source,
        d.seller_id,
        min(d.created_day) as first_deal_day,
        max(m.first_mail_day) as first_mail_day
    from core.deals as d
    inner join core.observation as b
        on d.source = b.source and b.kind = 'email' and b.observed_from_day is null
    left join mail as m on d.source = m.source and d.seller_id = m.seller_id
    where d.seller_id is not null
    group by d.source, d.seller_id
),

late_writers as (
    select
        w.source,
        count(*) as sellers,
        sum(
            case
                when
                    coalesce(w.first_mail_day, p.as_of_day) - w.first_deal_day > p.late_start_days
                    then 1
                else 0
            end
        ) as late
    from writers as w
    cross join core.parameters as p
    group by w.source
),

deals as (
    select
        source,
        count(*) as deals
    from core.deals
    group by source
),

facts as (
    select
        d.source,
        d.deals,
        coalesce(u.archived, 0) as archived,
        coalesce(u.late, 0) as late,
        b.archived_kind || ', ' || cast(cast('1970-01-01' as date) + b.archived_until as varchar)
            as archived_detail,
        b.late_kind || ', ' || cast(cast('1970-01-01' as date) + b.late_from as varchar)
            as late_detail,
        coalesce(w.sellers, 0) as writers,
        coalesce(w.late, 0) as late_writers
    from deals as d
    left join blind as b on d.source = b.source
    left join unobserved as u on d.source = u.source
    left join late_writers as w on d.source = w.source
)

select
    source,
    'archived_acts' as trap,
    cast(archived as bigint) as found,
    cast(deals as bigint) as looked_at,
    'deals' as unit,
    'unobserved' as done,
    'traps.archive_days' as setting,
    archived_detail as detail,
    0 as limit_share
from facts
union all
select
    source,
    'late_channels',
    late,
    deals,
    'deals',
    'unobserved',
    'traps.late_start_days',
    late_detail,
    0
from facts
union all
select
    source,
    'late_writers',
    late_writers,
    writers,
    'sellers',
    'left_as_is',
    'traps.late_start_days',
    null,
    0
from facts
