-- Tasks and events of Salesforce reports: what was done, and the meetings. A task lies under each
-- person on it and is one act; without ids, equal lines of one file are different acts. A line
-- without an id belongs to a deal only when its names fit one deal alone, else to its account.
with lines as (
    select
        *,
        row_number() over (
            partition by
                _file, subject, assigned, activity_date, start_at, status, opportunity_name,
                account_name, contact_name, created_date, completed_at
            order by _line
        ) as copy
    from raw.salesforce_reports_activity
),

keyed as (
    select
        *,
        coalesce(
            activity_id,
            md5(
                concat_ws(
                    '/', coalesce(subject, '-'), assigned,
                    coalesce(cast(activity_date as varchar), '-'),
                    coalesce(cast(start_at as varchar), '-'), coalesce(status, '-'),
                    coalesce(opportunity_id, opportunity_name, '-'), coalesce(account_name, '-'),
                    coalesce(contact_name, '-'), coalesce(cast(created_date as varchar), '-'),
                    coalesce(cast(completed_at as varchar), '-'), copy
                )
            )
        ) as id
    from lines
),

acts as (
    select
        *,
        -- A report of both kinds says which in a column of its own; events have no status.
        case
            when lower(task) in ('1', 'true', 'yes', '✓') then false
            when lower(task) in ('0', 'false', 'no') then true
            else status is null and call_type is null and completed_at is null
        end as is_event,
        -- The type says most; without one, how the subject begins.
        coalesce(
            nullif(lower(trim(type)), 'other'),
            regexp_extract(
                lower(coalesce(subject, '')),
                '^[^a-z가-힣]*(?:\[[a-z]+\] *\[?)?(call|phone|e-?mail|meeting|demo|visit|sms'
                || '|linkedin|통화|전화|메일|미팅|방문|회의|문자)'
            )
        ) as words
    from keyed
    where
        id not in (select id from raw.salesforce_task where id is not null)
        and id not in (select id from raw.salesforce_event where id is not null)
    qualify row_number() over (
        partition by id order by last_modified_date desc nulls last, _file desc, _line
    ) = 1
),

placed as (
    select a.id, coalesce(a.opportunity_id, min(t.id)) as deal_id
    from acts as a
    left join crm.salesforce_reports_deal_titles as t
        on
            a.opportunity_id is null
            and lower(trim(a.opportunity_name)) = t.title
            and (
                lower(trim(a.account_name)) = t.account
                or a.account_name is null
                or t.account is null
            )
    group by a.id, a.opportunity_id
    having a.opportunity_id is not null or count(distinct t.id) = 1
),

timed as (
    select
        a.*,
        p.deal_id,
        try_cast(a.created_date as timestamp) as recorded_at,
        case
            when a.is_event
                then coalesce(
                    try_cast(a.start_at as timestamp),
                    try_cast(a.activity_date as date) + interval 12 hour
                )
            when a.completed_at is not null then try_cast(a.completed_at as timestamp)
            when
                try_cast(a.activity_date as date)
                = cast(try_cast(a.created_date as timestamp) as date)
                then try_cast(a.created_date as timestamp)
            when a.activity_date is not null
                then try_cast(a.activity_date as date) + interval 12 hour
            else try_cast(a.created_date as timestamp)
        end as happened_at
    from acts as a
    left join placed as p on a.id = p.id
    where
        (
            a.is_event
            or lower(a.status) in ('completed', 'complete', 'done', 'closed', '완료', '완료됨')
        )
        and coalesce(lower(a.call_type), '') <> 'internal'
)

select
    'salesforce' as source,
    'salesforce:' || a.id as activity_id,
    'salesforce:' || a.deal_id as deal_id,
    'salesforce:' || coalesce(
        a.account_id, case when n.word is null then nullif(trim(a.account_name), '') else n.id end
    ) as account_id,
    'salesforce:' || coalesce(u.id, nullif(trim(a.assigned), '')) as seller_id,
    'salesforce:' || coalesce(a.contact_id, nullif(trim(a.contact_name), '')) as contact_id,
    a.happened_at,
    cast(epoch(a.happened_at) as bigint) as happened_sec,
    a.recorded_at,
    cast(epoch(a.recorded_at) as bigint) as recorded_sec,
    case
        when a.is_event then case when contains(a.words, 'call') then 'call' else 'meeting' end
        when lower(a.subtype) in ('email', 'list email', 'listemail') then 'email'
        when lower(a.subtype) = 'call' or a.call_type is not null then 'call'
        when lower(a.subtype) = 'linkedin' then 'message'
        when regexp_matches(a.words, 'call|phone|통화|전화') then 'call'
        when regexp_matches(a.words, 'e-?mail|메일') then 'email'
        when regexp_matches(a.words, 'meeting|demo|visit|미팅|방문|회의') then 'meeting'
        when regexp_matches(a.words, 'sms|linkedin|whatsapp|kakao|chat|message|문자|카톡')
            then 'message'
        else 'task'
    end as kind,
    case
        when a.is_event then 'mutual'
        when lower(a.call_type) = 'inbound' or a.type ilike 'incoming%' then 'inbound'
        when lower(a.call_type) = 'outbound' or a.type ilike 'outgoing%' then 'outbound'
        when lower(a.subtype) in ('list email', 'listemail') then 'outbound'
        else 'unknown'
    end as direction,
    case when a.is_event then 'unknown' else 'done' end as status,
    a.subject,
    coalesce(
        try_cast(a.call_duration as double),
        epoch(try_cast(a.end_at as timestamp) - try_cast(a.start_at as timestamp))
    ) / 60 as minutes,
    false as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    a.type as type_word
from timed as a
left join crm.salesforce_reports_user_words as u on lower(trim(a.assigned)) = u.word
left join crm.salesforce_reports_account_words as n on lower(trim(a.account_name)) = n.word
where a.happened_at is not null
