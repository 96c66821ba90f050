-- The newest created or modified stamp of everything Salesforce exported; no row without exports.
-- Due, start and close dates may lie ahead, so they say nothing of when the export was taken.
with stamps as (
    select created_date as a, last_modified_date as b, system_modstamp as c
    from raw.salesforce_opportunity
    union all
    select created_date, null, system_modstamp from raw.salesforce_opportunity_history
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_account
    union all
    select created_date, null, system_modstamp from raw.salesforce_user
    union all
    select created_date, null, system_modstamp from raw.salesforce_contact
    union all
    select created_date, null, system_modstamp from raw.salesforce_opportunity_contact_role
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_task
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_event
    union all
    select created_date, null, system_modstamp from raw.salesforce_email_message
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_lead
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_quote
    union all
    select created_date, null, system_modstamp from raw.salesforce_opportunity_competitor
    union all
    select created_date, null, null from raw.salesforce_opportunity_field_history
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_voice_call
    union all
    select created_date, last_modified_date, system_modstamp from raw.salesforce_cpq_quote
    union all
    -- A version begins when the record was changed, or was first seen.
    select version_start, null, null from raw.salesforce_opportunity
)

select
    'salesforce' as source,
    cast(
        epoch(
            max(
                greatest(
                    try_cast(a as timestamp), try_cast(b as timestamp), try_cast(c as timestamp)
                )
            )
        ) as bigint
    ) as newest_sec
from stamps
having
    max(
        greatest(try_cast(a as timestamp), try_cast(b as timestamp), try_cast(c as timestamp))
    ) is not null
