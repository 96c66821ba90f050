-- Dynamics users as sellers, and those that only opportunities and activities name. Access mode 4 is an application.
with named as (
    select
        lower(id) as id,
        full_name as name,
        business_unit as team,
        is_disabled,
        access_mode,
        email
    from raw.dynamics_user
    union all
    select lower(coalesce(owner_id, owner)), owner, null, null, null, null
    from raw.dynamics_opportunity
    union all
    select lower(coalesce(owner_id, owner)), owner, null, null, null, null
    from raw.dynamics_activity
)

select
    'dynamics' as source,
    'dynamics:' || id as seller_id,
    max(name) as name,
    max(team) as team,
    coalesce(max(is_disabled), 'false') <> 'true' as is_active,
    coalesce(max(access_mode) in ('4', '5', 'Non-interactive', 'Delegated Admin'), false)
        as is_automatic,
    nullif(max(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1)), '') as email_domain
from named
where id is not null
group by id
