-- How many lost deals say why, by source and quarter of closing, and which reason is given most.
with lost as (
    select
        source,
        4 * extract(year from cast('1970-01-01' as date) + closed_day)
        + extract(quarter from cast('1970-01-01' as date) + closed_day) - 1 as quarter_number,
        lower(trim(lost_reason)) as reason
    from core.deals
    where status = 'lost'
),

counts as (
    select
        source,
        quarter_number,
        reason,
        count(*) as deals
    from lost
    group by source, quarter_number, reason
),

ranked as (
    select
        *,
        case when reason is null then 0 else deals end as given,
        row_number() over (
            partition by source, quarter_number
            order by case when reason is null then 1 else 0 end, deals desc, reason
        ) as place
    from counts
)

select
    source,
    cast(cast(floor(quarter_number / 4) as integer) as varchar)
    || '-Q' || cast(cast(quarter_number % 4 + 1 as integer) as varchar) as quarter,
    cast(sum(deals) as bigint) as lost,
    cast(sum(given) as bigint) as with_reason,
    cast(sum(given) as double) / sum(deals) as fill_share,
    max(case when place = 1 then reason end) as top_reason,
    cast(max(case when place = 1 then given end) as bigint) as top_deals,
    cast(quarter_number as integer) as quarter_number
from ranked
group by source, quarter_number
