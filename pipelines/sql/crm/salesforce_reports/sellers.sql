-- Owners of deals, doers of acts and owners of leads that only Salesforce reports name: they go by
-- id where one is told, else by name. A name that several users share stays a name.
with named as (
    select owner_id as id, nullif(trim(owner), '') as name from raw.salesforce_reports_opportunity
    union
    select null, nullif(trim(assigned), '') from raw.salesforce_reports_activity
    union
    select null, nullif(trim(lead_owner), '') from raw.salesforce_reports_lead
)

select
    'salesforce' as source,
    'salesforce:' || coalesce(id, name) as seller_id,
    min(name) as name,
    cast(null as varchar) as team,
    true as is_active,
    bool_or(
        regexp_matches(
            lower(coalesce(name, '')),
            '\b(api|integration|automated process|platform integration|system|sync|bot) ?(user)?$'
        )
    ) as is_automatic,
    cast(null as varchar) as email_domain
from named
where
    (id is not null or name is not null)
    and coalesce(id, '') not in (select id from raw.salesforce_user where id is not null)
    and (id is not null or lower(name) not in (select word from crm.salesforce_reports_user_words))
group by coalesce(id, name)
