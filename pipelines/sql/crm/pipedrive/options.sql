-- Alternatives put before a Pipedrive buyer: our offer, from when the first product was put on the
-- deal. Several products on a deal are one offer; Pipedrive lists no quotes and no rivals.
with latest as (
    select *
    from raw.pipedrive_deal_product
    qualify row_number() over (
        partition by deal_id, coalesce(id, product_id)
        order by try_cast(add_time as timestamp) desc nulls last, _file desc, _line desc
    ) = 1
),

offered as (
    select
        deal_id,
        min(try_cast(add_time as timestamp)) as offered_at,
        sum(
            coalesce(
                try_cast(sum as double),
                try_cast(item_price as double) * coalesce(try_cast(quantity as double), 1)
            )
        ) as amount
    from latest
    where
        coalesce(is_deleted, 'false') <> 'true'
        and coalesce(is_active, 'true') = 'true'
        and coalesce(is_enabled, 'true') = 'true'
    group by deal_id
)

select
    'pipedrive' as source,
    'pipedrive:' || deal_id as deal_id,
    'pipedrive:' || deal_id || '/products' as option_id,
    'ours' as kind,
    amount,
    cast(null as double) as discount,
    offered_at,
    cast(floor(epoch(offered_at)) as bigint) as offered_sec,
    cast(null as bigint) as withdrawn_sec
from offered
