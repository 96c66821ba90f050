-- What is on record of options in each source: how many of its deals have any, by kind, and since
-- when. A kind that no deal has was not recorded; that is not to say that there was none.
with kinds as (
    select
        deal_id,
        max(case when kind = 'ours' then 1 else 0 end) as has_ours,
        max(case when kind = 'competitor' then 1 else 0 end) as has_competitor,
        max(case when kind = 'incumbent' then 1 else 0 end) as has_incumbent,
        min(cast(floor(offered_sec / 86400) as integer)) as first_day
    from core.options
    group by deal_id
)

select
    d.source,
    count(*) as deals,
    cast(sum(case when k.deal_id is not null then 1 else 0 end) as bigint) as with_options,
    cast(sum(coalesce(k.has_ours, 0)) as bigint) as with_ours,
    cast(sum(coalesce(k.has_competitor, 0)) as bigint) as with_competitor,
    cast(sum(coalesce(k.has_incumbent, 0)) as bigint) as with_incumbent,
    cast('1970-01-01' as date) + min(k.first_day) as first_on
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
left join kinds as k on d.deal_id = k.deal_id
where o.outcome <> 'excluded'
group by d.source
