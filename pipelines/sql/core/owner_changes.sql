-- Moves of deals from one seller to another. Many deals given to one seller by one hand within ten
-- minutes, or by what the source calls a bulk change or an automation, are a transfer of a list.
with told as (
    select
        source,
        deal_id,
        changed_at,
        changed_sec,
        from_seller_id,
        to_seller_id,
        changed_by,
        coalesce(is_bulk, false) as is_bulk,
        cast(floor(changed_sec / 600) as bigint) as slot,
        cast(floor(changed_sec / 86400) as bigint) * 1000
        + cast(floor((changed_sec % 86400 + 300) / 600) as bigint) as late_slot
    from crm.owner_changes
    where to_seller_id is not null and from_seller_id <> to_seller_id
),

-- Two grids of ten minutes, half a step apart and cut at midnight, so that no run is missed.
crowds as (
    select
        changed_by,
        to_seller_id,
        slot,
        count(distinct deal_id) as deals
    from told
    where changed_by is not null
    group by changed_by, to_seller_id, slot
),

late_crowds as (
    select
        changed_by,
        to_seller_id,
        late_slot,
        count(distinct deal_id) as deals
    from told
    where changed_by is not null
    group by changed_by, to_seller_id, late_slot
)

select
    t.deal_id,
    case when t.changed_sec < d.created_sec then d.created_at else t.changed_at end as changed_at,
    t.from_seller_id,
    t.to_seller_id,
    greatest(t.changed_sec, d.created_sec) as changed_sec,
    cast(floor(greatest(t.changed_sec, d.created_sec) / 86400) as integer) as changed_day,
    t.changed_by,
    t.is_bulk or coalesce(greatest(c.deals, l.deals) >= p.cleanup_min_deals, false) as is_bulk,
    t.source
from told as t
inner join core.deals as d on t.deal_id = d.deal_id
cross join core.parameters as p
left join crowds as c
    on t.changed_by = c.changed_by and t.to_seller_id = c.to_seller_id and t.slot = c.slot
left join late_crowds as l
    on
        t.changed_by = l.changed_by
        and t.to_seller_id = l.to_seller_id
        and t.late_slot = l.late_slot
where t.changed_sec < p.as_of_end_sec
