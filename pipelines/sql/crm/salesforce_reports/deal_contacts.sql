-- People on deals by Salesforce reports of opportunities with contacts. When a person was added is
-- not told there. Deals whose roles an export of the objects holds are left to it.
select distinct
    'salesforce' as source,
    'salesforce:' || coalesce(
        opportunity_id,
        concat_ws(
            ' / ',
            nullif(trim(account_name), ''),
            trim(opportunity_name),
            cast(try_cast(created_date as date) as varchar)
        )
    ) as deal_id,
    'salesforce:' || coalesce(contact_id, nullif(trim(contact_name), '')) as contact_id,
    contact_role as role,
    nullif(trim(contact_title), '') as title,
    cast(null as timestamp) as added_at,
    cast(null as bigint) as added_sec
from raw.salesforce_reports_opportunity
where
    coalesce(contact_id, nullif(trim(contact_name), '')) is not null
    and coalesce(opportunity_id, '') not in (
        select opportunity_id
        from raw.salesforce_opportunity_contact_role
        where opportunity_id is not null
    )
