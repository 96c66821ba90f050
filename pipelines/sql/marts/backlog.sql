-- Is there other work for freed hours: deals and leads that wait, by source. Untouched deals are
-- open, not stalled, and had no touch yet; days to the first touch are a mean over deals created
-- in the last year that were touched. Touches of leads are not recorded apart, so they are unknown.
with first_touches as (
    select
        deal_id,
        min(happened_day) as touch_day
    from core.activities
    where is_touch and deal_id is not null
    group by deal_id
)

select
    d.source,
    'deal' as kind,
    cast(sum(case when o.outcome = 'open' then 1 else 0 end) as bigint) as waiting,
    cast(sum(case when o.outcome = 'open' and t.deal_id is null then 1 else 0 end) as bigint)
        as untouched,
    cast(
        sum(case when d.created_day > p.as_of_day - 365 then t.touch_day - d.created_day end)
        as double
    ) / count(case when d.created_day > p.as_of_day - 365 then t.touch_day end)
        as mean_days_to_first_touch
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
cross join core.parameters as p
left join first_touches as t on d.deal_id = t.deal_id
where o.outcome <> 'excluded'
group by d.source

union all

select
    source,
    'lead',
    cast(sum(case when deal_id is null and disqualified_sec is null then 1 else 0 end) as bigint),
    cast(null as bigint),
    cast(null as double)
from core.leads
group by source
