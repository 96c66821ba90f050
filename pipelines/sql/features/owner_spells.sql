-- The seller a deal belonged to, as its history tells it: one row a deal and owner in turn, from
-- from_sec up to, but not including, until_sec (null: until today), and in weeks known at the
-- landmarks from from_week down to, but not including, until_week. Before the first change on record
-- stands who gave the deal away; where no change is on record, the owner of the current row.
with changes as (
    select
        c.deal_id,
        c.to_seller_id as seller_id,
        c.changed_sec,
        row_number() over (
            partition by c.deal_id order by c.changed_sec, c.from_seller_id, c.to_seller_id
        ) as place,
        c.from_seller_id
    from core.owner_changes as c
),

owners as (
    select
        d.deal_id,
        coalesce(c.from_seller_id, d.seller_id) as seller_id,
        d.created_sec as from_sec,
        0 as place
    from core.deals as d
    left join changes as c on d.deal_id = c.deal_id and c.place = 1

    union all

    select
        deal_id,
        seller_id,
        changed_sec,
        place
    from changes
),

spells as (
    select
        o.deal_id,
        o.seller_id,
        o.from_sec,
        lead(o.from_sec) over (partition by o.deal_id order by o.place) as until_sec,
        cast(floor((p.as_of_end_sec - 1 - o.from_sec) / 604800) as integer) as from_week,
        o.place,
        p.as_of_end_sec
    from owners as o
    cross join core.parameters as p
)

select
    deal_id,
    seller_id,
    from_sec,
    until_sec,
    from_week,
    coalesce(cast(floor((as_of_end_sec - 1 - until_sec) / 604800) as integer), -1) as until_week,
    cast(place as integer) as place
from spells
