-- The people of our side that sheets name.
select
    'sheet' as source,
    'sheet:' || lower(trim(owner)) as seller_id,
    min(owner) as name,
    cast(null as varchar) as team,
    true as is_active,
    false as is_automatic,
    cast(null as varchar) as email_domain
from (
    select owner from raw.sheet_deal
    union all
    select owner from raw.sheet_activity
)
where owner is not null
group by lower(trim(owner))
