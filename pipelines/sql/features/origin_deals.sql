-- Each deal that is one to speak of, with where its buyer comes from, what became of it in how many
-- days from its creation, and the seller time that it took. A description: it reads rows as they
-- are today, and no model learns from it.
with work as (
    select
        deal_id,
        sum(seconds) as seconds,
        sum(logged_seconds) as logged_seconds
    from features.work_days
    where deal_id is not null
    group by deal_id
)

select
    d.deal_id,
    d.source,
    d.seller_id,
    coalesce(d.account_id, d.deal_id) as party,
    cast(
        rank() over (partition by coalesce(d.account_id, d.deal_id) order by d.created_sec) - 1
        as integer
    ) as account_deals_before,
    d.pipeline,
    d.lead_source,
    coalesce(g.origin, 'unknown') as origin,
    coalesce(g.origin_found, 'unknown') as origin_found,
    g.supplier,
    lower(trim(g.supplier)) as supplier_word,
    d.amount_base,
    d.created_day,
    cast(
        4 * extract(year from cast('1970-01-01' as date) + d.created_day)
        + extract(quarter from cast('1970-01-01' as date) + d.created_day) as integer
    ) as quarter,
    o.outcome,
    case when o.outcome <> 'open' then greatest(o.event_day - d.created_day, 0) end as days,
    case when w.seconds is not null then cast(w.seconds as double) / 3600 end as hours,
    case when w.seconds > 0 then cast(w.logged_seconds as double) / w.seconds end
        as hours_logged_share,
    p.as_of_day - d.created_day as followed_days,
    coalesce(
        o.reason_class = 'incumbent'
        or (
            o.outcome = 'lost_to_competitor'
            and lower(trim(d.competitor)) = lower(trim(g.supplier))
        ),
        false
    )
    and d.status = 'lost' as is_lost_to_supplier,
    coalesce(g.is_said_to_stay, false) as is_said_to_stay,
    g.won_reason is not null as has_won_reason
from core.deals as d
inner join core.outcomes as o on d.deal_id = o.deal_id
cross join core.parameters as p
left join core.origins as g on d.deal_id = g.deal_id
left join work as w on d.deal_id = w.deal_id
where o.outcome <> 'excluded'
