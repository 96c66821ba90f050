-- The newest created, changed or logged stamp of all that Pipedrive exported; no row without
-- exports. Due dates and expected dates may lie ahead, so they say nothing of when that was.
with stamps as (
    select
        greatest(
            try_cast(add_time as timestamp),
            try_cast(update_time as timestamp),
            try_cast(stage_change_time as timestamp),
            try_cast(won_time as timestamp),
            try_cast(lost_time as timestamp),
            try_cast(close_time as timestamp),
            try_cast(archive_time as timestamp)
        ) as stamp
    from raw.pipedrive_deal
    union all
    select
        greatest(
            try_cast(add_time as timestamp),
            try_cast(update_time as timestamp),
            try_cast(marked_as_done_time as timestamp)
        )
    from raw.pipedrive_activity
    union all
    select greatest(try_cast(add_time as timestamp), try_cast(update_time as timestamp))
    from raw.pipedrive_person
    union all
    select greatest(try_cast(add_time as timestamp), try_cast(update_time as timestamp))
    from raw.pipedrive_organization
    union all
    select greatest(try_cast(add_time as timestamp), try_cast(update_time as timestamp))
    from raw.pipedrive_lead
    union all
    select greatest(try_cast(add_time as timestamp), try_cast(update_time as timestamp))
    from raw.pipedrive_note
    union all
    select greatest(try_cast(add_time as timestamp), try_cast(message_time as timestamp))
    from raw.pipedrive_mail_message
    union all
    select try_cast(changed_at as timestamp) from raw.pipedrive_deal_change
    union all
    select
        greatest(
            try_cast(log_time as timestamp),
            try_cast(add_time as timestamp),
            try_cast(update_time as timestamp),
            try_cast(marked_as_done_time as timestamp),
            try_cast(message_time as timestamp)
        )
    from raw.pipedrive_flow
    union all
    select try_cast(add_time as timestamp) from raw.pipedrive_participant
    union all
    select try_cast(changed_at as timestamp) from raw.pipedrive_participant_change
    union all
    select try_cast(add_time as timestamp) from raw.pipedrive_deal_product
)

select
    'pipedrive' as source,
    cast(floor(epoch(max(stamp))) as bigint) as newest_sec
from stamps
having max(stamp) is not null
