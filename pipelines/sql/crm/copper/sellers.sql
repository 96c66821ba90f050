-- Copper users as sellers, and those that only opportunities name.
with named as (
    select id, name, email from raw.copper_user
    where exists (select 1 from raw.copper_opportunity)
    union all
    select coalesce(assignee_id, lower(assignee)), assignee, null from raw.copper_opportunity
)

select
    'copper' as source,
    'copper:' || id as seller_id,
    max(name) as name,
    cast(null as varchar) as team,
    true as is_active,
    false as is_automatic,
    nullif(max(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1)), '') as email_domain
from named
where id is not null
group by id
