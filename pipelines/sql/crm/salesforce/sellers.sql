-- Salesforce users as sellers; integration and system users are marked automatic.
with latest as (
    select *
    from raw.salesforce_user
    where id is not null
    qualify row_number() over (
        partition by id
        order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || id as seller_id,
    name,
    department as team,
    cast(coalesce(is_active, 'true') = 'true' as boolean) as is_active,
    coalesce(user_type, 'Standard') not in ('Standard', 'PowerPartner', 'PowerCustomerSuccess')
    or regexp_matches(
        lower(coalesce(name, '')),
        '\b(api|integration|automated process|platform integration|system|sync|bot) ?(user)?$'
    ) as is_automatic,
    nullif(
        regexp_replace(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1), '\.invalid$', ''), ''
    ) as email_domain
from latest
