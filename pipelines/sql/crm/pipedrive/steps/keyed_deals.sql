-- Pipedrive deals by key, each by its latest line: its state, and what it was removed as, if so. A
-- deal without an id goes by its title, its organization and the day of its creation.
with deals as (
    select
        *,
        coalesce(
            id,
            concat_ws(' / ', title, org_name, cast(try_cast(add_time as timestamp) as date))
        ) as key,
        lower(trim(status)) as status_word,
        coalesce(try_cast(won_time as timestamp), try_cast(first_won_time as timestamp)) as won_at,
        try_cast(lost_time as timestamp) as lost_at,
        try_cast(close_time as timestamp) as closed_at,
        try_cast(stage_change_time as timestamp) as moved_at
    from raw.pipedrive_deal
),

latest as (
    select *
    from deals
    qualify row_number() over (
        partition by key
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
)

select
    key,
    title,
    org_id,
    org_name,
    person_id,
    owner,
    pipeline,
    stage,
    value,
    currency,
    probability,
    type,
    origin,
    lead_source,
    competitor,
    lost_reason,
    lost_reason_detail,
    won_reason,
    add_time,
    update_time,
    stage_change_time,
    moved_at,
    won_time,
    first_won_time,
    won_at,
    lost_at,
    closed_at,
    local_close_date,
    expected_close_date,
    return_date,
    last_incoming_mail_time,
    last_outgoing_mail_time,
    merged_into_id,
    case
        when status_word in ('open', 'won', 'lost') then status_word
        when won_at is null and lost_at is null then 'open'
        when lost_at is null or won_at > lost_at then 'won'
        else 'lost'
    end as state,
    case
        when merged_into_id is not null then 'merged'
        when
            status_word = 'deleted'
            or coalesce('true' in (is_deleted, is_gone), false)
            or deleted_at is not null
            then 'deleted'
        when coalesce(lower(archive_status), '') in ('archived', 'true', 'yes', '1')
            then 'archived'
    end as removed_as
from latest
