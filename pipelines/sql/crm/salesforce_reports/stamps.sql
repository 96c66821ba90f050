-- The newest created or modified stamp of all Salesforce reports; no row without any. Due, start
-- and close dates may lie ahead, so they say nothing of when a report was exported.
with stamps as (
    select
        greatest(
            try_cast(created_date as timestamp),
            try_cast(last_modified_date as timestamp),
            try_cast(last_stage_change_date as timestamp)
        ) as stamp
    from raw.salesforce_reports_opportunity
    union all
    select try_cast(changed_at as timestamp) from raw.salesforce_reports_history
    union all
    select try_cast(edited_at as timestamp) from raw.salesforce_reports_field_history
    union all
    select
        greatest(try_cast(created_date as timestamp), try_cast(last_modified_date as timestamp))
    from raw.salesforce_reports_activity
    union all
    select
        greatest(try_cast(created_date as timestamp), try_cast(last_modified_date as timestamp))
    from raw.salesforce_reports_lead
)

select
    'salesforce' as source,
    cast(epoch(max(stamp)) as bigint) as newest_sec
from stamps
having max(stamp) is not null
