-- Acts in a Zoho export: calls, meetings, mails and finished tasks. Tasks that are open, and tasks
-- done after they were promised, are commitments.
with calls as (
    select
        id,
        related_id,
        lower(trim(related)) as related,
        contact_id,
        coalesce(owner_id, lower(owner)) as owner,
        try_cast(started_at as timestamp) as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        'call' as kind,
        case
            when call_type ilike 'in%' or call_type ilike 'missed%' then 'inbound'
            when call_type ilike 'out%' then 'outbound'
            else 'unknown'
        end as direction,
        case
            when result ilike '%cancel%' then 'cancelled'
            when result ilike 'scheduled' or result ilike 'overdue' then 'booked'
            else 'done'
        end as status,
        subject,
        coalesce(
            try_cast(seconds as double) / 60,
            try_cast(split_part(duration, ':', 1) as double)
            + try_cast(split_part(duration, ':', 2) as double) / 60
        ) as minutes,
        call_type as type_word,
        modified_at,
        _file,
        _line
    from raw.zoho_call
),

meetings as (
    select
        id,
        related_id,
        lower(trim(related)) as related,
        contact_id,
        coalesce(owner_id, lower(owner)) as owner,
        try_cast(started_at as timestamp) as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        'meeting' as kind,
        'mutual' as direction,
        case
            when status ilike '%no%show%' then 'no_show'
            when status ilike '%cancel%' then 'cancelled'
            when status ilike 'held' or status ilike 'complet%' or check_in_status ilike 'visited'
                then 'done'
            else 'unknown'
        end as status,
        title as subject,
        epoch(try_cast(ended_at as timestamp) - try_cast(started_at as timestamp)) / 60 as minutes,
        'Meeting' as type_word,
        modified_at,
        _file,
        _line
    from raw.zoho_meeting
),

tasks as (
    select
        id,
        related_id,
        lower(trim(related)) as related,
        contact_id,
        coalesce(owner_id, lower(owner)) as owner,
        coalesce(
            try_cast(closed_at as timestamp),
            try_cast(due_date as date) + interval 12 hour,
            try_cast(created_at as timestamp)
        ) as happened_at,
        try_cast(created_at as timestamp) as recorded_at,
        case
            when regexp_matches(lower(subject), '^\W*e-?mail|^\W*메일') then 'email'
            when regexp_matches(lower(subject), '^\W*(call|phone)|^\W*(전화|통화)') then 'call'
            else 'task'
        end as kind,
        'unknown' as direction,
        'done' as status,
        subject,
        cast(null as double) as minutes,
        'Task' as type_word,
        modified_at,
        _file,
        _line
    from raw.zoho_task
    where lower(status) in ('completed', 'closed', '완료')
),

mails as (
    select
        message_id as id,
        related_id,
        lower(trim(related)) as related,
        cast(null as varchar) as contact_id,
        coalesce(owner_id, lower(owner)) as owner,
        try_cast(sent_at as timestamp) as happened_at,
        try_cast(sent_at as timestamp) as recorded_at,
        'email' as kind,
        case is_sent when 'true' then 'outbound' when 'false' then 'inbound' else 'unknown' end
            as direction,
        'done' as status,
        subject,
        cast(null as double) as minutes,
        'Email' as type_word,
        sent_at as modified_at,
        _file,
        _line
    from raw.zoho_email
),

acts as (
    select * from calls
    union all by name
    select * from meetings
    union all by name
    select * from tasks
    union all by name
    select * from mails
),

latest as (
    select *
    from acts
    where happened_at is not null
    qualify row_number() over (
        partition by kind, id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

deals as (
    select distinct regexp_replace(id, '^zcrm_', '') as deal_id from raw.zoho_deal
),

-- Where only a name is told, one that several deals share says not which.
names as (
    select lower(trim(deal_name)) as name, min(regexp_replace(id, '^zcrm_', '')) as deal_id
    from raw.zoho_deal
    where deal_name is not null
    group by lower(trim(deal_name))
    having count(distinct regexp_replace(id, '^zcrm_', '')) = 1
)

select
    'zoho' as source,
    'zoho:' || regexp_replace(a.id, '^zcrm_', '') as activity_id,
    'zoho:' || coalesce(d.deal_id, n.deal_id) as deal_id,
    -- What is related to no deal is related to an account.
    'zoho:' || case when d.deal_id is null then regexp_replace(a.related_id, '^zcrm_', '') end
        as account_id,
    'zoho:' || regexp_replace(a.owner, '^zcrm_', '') as seller_id,
    'zoho:' || regexp_replace(a.contact_id, '^zcrm_', '') as contact_id,
    a.happened_at,
    cast(epoch(a.happened_at) as bigint) as happened_sec,
    a.recorded_at,
    cast(epoch(a.recorded_at) as bigint) as recorded_sec,
    a.kind,
    a.direction,
    a.status,
    a.subject,
    a.minutes,
    false as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    a.type_word
from latest as a
left join deals as d on regexp_replace(a.related_id, '^zcrm_', '') = d.deal_id
left join names as n on a.related_id is null and a.related = n.name
