-- Freshsales users as sellers, and those that only deals name.
with named as (
    select id, display_name as name, email, is_active from raw.freshsales_owner
    union all
    select coalesce(owner_id, lower(owner)), owner, null, null from raw.freshsales_deal
)

select
    'freshsales' as source,
    'freshsales:' || id as seller_id,
    max(name) as name,
    cast(null as varchar) as team,
    coalesce(max(is_active), 'true') = 'true' as is_active,
    false as is_automatic,
    nullif(max(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1)), '') as email_domain
from named
where id is not null
group by id
