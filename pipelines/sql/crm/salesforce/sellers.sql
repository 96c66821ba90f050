-- Salesforce users as sellers; integration and system users are marked automatic.
with latest as (
    select *
    from raw.salesforce_user
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            system_modstamp desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

roles as (
    select id, min(name) as name
    from raw.salesforce_user_role
    group by id
)

select
    'salesforce' as source,
    'salesforce:' || l.id as seller_id,
    l.name,
    coalesce(l.department, r.name) as team,
    cast(coalesce(l.is_active, 'true') = 'true' as boolean) as is_active,
    coalesce(l.user_type, 'Standard') not in ('Standard', 'PowerPartner', 'PowerCustomerSuccess')
    or regexp_matches(
        lower(coalesce(l.name, '')),
        '\b(api|integration|automated process|platform integration|system|sync|bot) ?(user)?$'
    ) as is_automatic,
    nullif(
        regexp_replace(regexp_extract(lower(l.email), '@([a-z0-9.-]+)', 1), '\.invalid$', ''), ''
    ) as email_domain
from latest as l
left join roles as r on l.user_role_id = r.id
