-- Close users as sellers, and those that only opportunities name.
with named as (
    select id, concat_ws(' ', first_name, last_name) as name, email from raw.close_user
    union all
    select user_id, user_name, null from raw.close_opportunity
)

select
    'close' as source,
    'close:' || id as seller_id,
    max(nullif(name, '')) as name,
    cast(null as varchar) as team,
    true as is_active,
    false as is_automatic,
    nullif(max(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1)), '') as email_domain
from named
where id is not null
group by id
