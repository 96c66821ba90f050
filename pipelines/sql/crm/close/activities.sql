-- Acts in a Close export. They belong to a company (a lead in Close); core places those of a company
-- with one open deal on that deal.
-- Each kind comes in a file of its own, or all of them in one list that says of what kind each is.
with emails as (
    select
        id, lead_id, contact_id, user_id, direction, status, subject, sequence_id, sent_at,
        created_at, modified_at, _file, _line
    from raw.close_email
    where coalesce(activity_type, 'Email') = 'Email'
    union all
    select
        id, lead_id, contact_id, user_id, direction, status, subject, sequence_id, sent_at,
        created_at, modified_at, _file, _line
    from raw.close_activity
    where activity_type = 'Email'
),

calls as (
    select
        id, lead_id, contact_id, user_id, direction, duration, note, happened_at, created_at,
        modified_at, _file, _line
    from raw.close_call
    where coalesce(activity_type, 'Call') = 'Call'
    union all
    select
        id, lead_id, contact_id, user_id, direction, duration, note, happened_at, created_at,
        modified_at, _file, _line
    from raw.close_activity
    where activity_type = 'Call'
),

messages as (
    select
        id, lead_id, contact_id, user_id, direction, status, text, sent_at, created_at, modified_at,
        _file, _line
    from raw.close_message
    union all
    select
        id, lead_id, contact_id, user_id, direction, status, text, sent_at, created_at, modified_at,
        _file, _line
    from raw.close_activity
    where activity_type = 'SMS'
),

meetings as (
    select
        id, lead_id, contact_id, user_id, title, status, duration, starts_at, ends_at, created_at,
        modified_at, _file, _line
    from raw.close_meeting
    union all
    select
        id, lead_id, contact_id, user_id, title, status, duration, starts_at, ends_at, created_at,
        modified_at, _file, _line
    from raw.close_activity
    where activity_type = 'Meeting'
),

acts as (
    select
        id,
        lead_id,
        contact_id,
        user_id,
        coalesce(try_cast(sent_at as timestamp), try_cast(created_at as timestamp)) as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        'email' as kind,
        direction,
        'done' as status,
        subject,
        cast(null as double) as minutes,
        -- Mail of a sequence goes out by itself.
        sequence_id is not null and direction ilike 'out%' as is_automatic,
        modified_at,
        _file,
        _line
    from emails
    where coalesce(lower(status), '') not in ('draft', 'scheduled', 'outbox', 'error')
    union all by name
    select
        id,
        lead_id,
        contact_id,
        user_id,
        coalesce(try_cast(happened_at as timestamp), try_cast(created_at as timestamp))
            as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        'call' as kind,
        direction,
        'done' as status,
        note as subject,
        try_cast(duration as double) / 60 as minutes,
        false as is_automatic,
        modified_at,
        _file,
        _line
    from calls
    union all by name
    select
        id,
        lead_id,
        contact_id,
        user_id,
        coalesce(try_cast(sent_at as timestamp), try_cast(created_at as timestamp)) as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        'message' as kind,
        direction,
        'done' as status,
        text as subject,
        cast(null as double) as minutes,
        false as is_automatic,
        modified_at,
        _file,
        _line
    from messages
    where coalesce(lower(status), '') not in ('draft', 'scheduled', 'error')
    union all by name
    select
        id,
        lead_id,
        contact_id,
        user_id,
        try_cast(starts_at as timestamp) as happened_at,
        coalesce(try_cast(created_at as timestamp), try_cast(starts_at as timestamp))
            as recorded_at,
        'meeting' as kind,
        'mutual' as direction,
        case
            when status ilike 'completed' then 'done'
            when status ilike 'cancel%' or status ilike 'declined%' then 'cancelled'
            when status ilike 'no%show%' then 'no_show'
            else 'unknown'
        end as status,
        title as subject,
        coalesce(
            try_cast(duration as double),
            epoch(try_cast(ends_at as timestamp) - try_cast(starts_at as timestamp))
        ) / 60 as minutes,
        false as is_automatic,
        modified_at,
        _file,
        _line
    from meetings
),

latest as (
    select *
    from acts
    where happened_at is not null
    qualify row_number() over (
        partition by kind, id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'close' as source,
    'close:' || id as activity_id,
    cast(null as varchar) as deal_id,
    'close:' || lead_id as account_id,
    'close:' || user_id as seller_id,
    'close:' || contact_id as contact_id,
    happened_at,
    cast(epoch(happened_at) as bigint) as happened_sec,
    recorded_at,
    cast(epoch(recorded_at) as bigint) as recorded_sec,
    kind,
    case
        when direction = 'mutual' then 'mutual'
        when direction ilike 'in%' then 'inbound'
        when direction ilike 'out%' then 'outbound'
        else 'unknown'
    end as direction,
    status,
    subject,
    minutes,
    is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    kind as type_word
from latest
