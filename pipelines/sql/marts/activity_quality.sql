-- How well activities are recorded, by source and kind: how many say who acted, were made by
-- people, came with their minutes, stood on a deal, or were written down only days later.
select
    source,
    kind,
    count(*) as activities,
    cast(sum(case when direction = 'unknown' then 1 else 0 end) as double) / count(*)
        as unknown_direction_share,
    cast(sum(case when is_automatic then 1 else 0 end) as double) / count(*) as automatic_share,
    cast(sum(case when minutes is not null then 1 else 0 end) as double) / count(*)
        as logged_minutes_share,
    cast(sum(case when deal_id is null then 1 else 0 end) as double) / count(*)
        as without_deal_share,
    cast(sum(case when is_clamped then 1 else 0 end) as double) / count(*)
        as before_creation_share,
    cast(sum(case when recorded_sec >= happened_sec + 2 * 86400 then 1 else 0 end) as double)
    / count(*) as recorded_late_share
from core.activities
group by source, kind
