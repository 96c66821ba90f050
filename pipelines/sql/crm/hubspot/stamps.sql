-- The newest created, changed or moved stamp of all that HubSpot exported; no row without exports.
-- Due, start and close dates may lie ahead, so they say nothing of when the export was taken.
with stamps as (
    select created_at as a, modified_at as b from raw.hubspot_deal
    union all
    select created_at as a, modified_at as b from raw.hubspot_company
    union all
    select created_at as a, modified_at as b from raw.hubspot_contact
    union all
    select created_at as a, modified_at as b from raw.hubspot_owner
    union all
    select created_at as a, modified_at as b from raw.hubspot_email
    union all
    select created_at as a, modified_at as b from raw.hubspot_call
    union all
    select created_at as a, modified_at as b from raw.hubspot_meeting
    union all
    select created_at as a, modified_at as b from raw.hubspot_task
    union all
    select created_at as a, modified_at as b from raw.hubspot_note
    union all
    select created_at as a, modified_at as b from raw.hubspot_communication
    union all
    select created_at as a, modified_at as b from raw.hubspot_engagement
    union all
    select created_at as a, modified_at as b from raw.hubspot_lead
    union all
    select created_at as a, modified_at as b from raw.hubspot_quote
    union all
    select timestamp, null from raw.hubspot_property_history
    union all
    select date_entered, null from raw.hubspot_deal_stage
    union all
    select value, null from raw.hubspot_deal_stage_entry
    union all
    select entered_at, null from raw.hubspot_stage_date
    union all
    select stage_entered_at, null from raw.hubspot_deal
)

select
    'hubspot' as source,
    cast(
        floor(epoch(max(greatest(try_cast(a as timestamp), try_cast(b as timestamp))))) as bigint
    ) as newest_sec
from stamps
having max(greatest(try_cast(a as timestamp), try_cast(b as timestamp))) is not null
