-- Walk-aways: every ending or parking of a deal, or of a lead, by the seller's own act, and what
-- came of it. A bristle is the buyer's reply within days of it; a return is the deal opened again
-- or a new one of the account within the year. The same deal created anew by a clean-up, an import or
-- an automaton is nobody's return.
with parkings as (
    select
        deal_id,
        min(changed_sec) as sec
    from core.stage_changes
    where to_stage_class = 'nurture' and from_stage is not null
    group by deal_id
),

acts as (
    select
        d.deal_id,
        cast(null as varchar) as lead_id,
        d.account_id,
        d.seller_id,
        d.source,
        case
            when o.outcome = 'disqualified' then least(d.closed_sec, coalesce(k.sec, d.closed_sec))
            else k.sec
        end as sec,
        case when o.outcome = 'disqualified' then 'ending' else 'parking' end as act,
        coalesce(o.reason, d.stage) as reason,
        o.outcome = 'disqualified' and o.has_reason as has_reason,
        d.return_on
    from core.deals as d
    inner join core.outcomes as o on d.deal_id = o.deal_id
    left join parkings as k on d.deal_id = k.deal_id
    where o.outcome <> 'excluded' and (o.outcome = 'disqualified' or k.sec is not null)
    union all
    select
        cast(null as varchar),
        lead_id,
        account_id,
        seller_id,
        source,
        disqualified_sec,
        'lead',
        coalesce(reason, status),
        reason is not null,
        cast(null as date)
    from core.leads
    where disqualified_sec is not null and deal_id is null
),

replies as (
    select
        a.deal_id,
        a.sec,
        min(r.known_sec) as bristled_sec
    from acts as a
    inner join core.activities as r on a.account_id = r.account_id
    cross join core.parameters as p
    where
        r.is_reply
        and r.known_sec > a.sec
        and r.known_sec <= a.sec + cast(p.bristle_days as bigint) * 86400
        and a.deal_id is not null
    group by a.deal_id, a.sec
),

-- Deals that no person began.
unmanned as (
    select c.deal_id
    from core.stage_changes as c
    left join core.sellers as b on c.changed_by = b.seller_id
    where c.seq = 0 and (c.is_bulk or coalesce(b.is_automatic, false))
    union
    select deal_id
    from core.deals
    where is_migrated
),

later as (
    select
        a.deal_id,
        a.lead_id,
        d.deal_id as returned_deal_id,
        d.created_sec as returned_sec
    from acts as a
    inner join core.deals as d on a.account_id = d.account_id
    cross join core.parameters as p
    left join unmanned as u on d.deal_id = u.deal_id and d.recycled_from is not null
    where
        u.deal_id is null
        and d.created_sec > a.sec
        and d.created_sec <= a.sec + cast(p.return_days as bigint) * 86400
        and (a.deal_id is null or d.deal_id <> a.deal_id)
    union all
    select
        a.deal_id,
        a.lead_id,
        a.deal_id,
        c.changed_sec
    from acts as a
    inner join core.stage_changes as c on a.deal_id = c.deal_id
    cross join core.parameters as p
    where
        c.changed_sec > a.sec
        and c.changed_sec <= a.sec + cast(p.return_days as bigint) * 86400
        and not c.is_to_closed
        and coalesce(c.to_stage_class, 'open') <> 'nurture'
),

returns as (
    select
        *,
        row_number() over (
            partition by deal_id, lead_id order by returned_sec, returned_deal_id
        ) as place
    from later
)

select
    a.deal_id,
    epoch_ms(a.sec * 1000) as disqualified_at,
    a.reason,
    a.has_reason,
    a.return_on,
    epoch_ms(b.bristled_sec * 1000) as bristled_at,
    epoch_ms(coalesce(r.returned_sec, l.returned_sec) * 1000) as returned_at,
    coalesce(r.returned_deal_id, l.returned_deal_id) as returned_deal_id,
    cast(floor(a.sec / 86400) as integer) as disqualified_day,
    a.lead_id,
    a.account_id,
    a.seller_id,
    a.act,
    a.source,
    a.sec as disqualified_sec
from acts as a
left join replies as b on a.deal_id = b.deal_id and a.sec = b.sec
left join returns as r on a.deal_id = r.deal_id and r.place = 1
left join returns as l on a.lead_id = l.lead_id and l.place = 1 and a.deal_id is null
