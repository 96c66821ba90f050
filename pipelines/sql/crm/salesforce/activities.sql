-- Acts in a Salesforce export: sent and received e-mail, completed tasks and calls, and events.
-- Every e-mail and phone call has a twin task, which is marked; drafts, mail and calls within the
-- own company, series masters and attendees' copies of a meeting are left out. Open tasks are
-- commitments. Archived acts are acts.
with recursive domains as (
    select list(distinct domain) as own
    from (
        select
            regexp_replace(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1), '\.invalid$', '')
                as domain
        from raw.salesforce_user
    )
    -- A seller with a free mailbox does not make every such mailbox ours.
    where
        domain <> ''
        and domain not in (
            'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'yahoo.com',
            'icloud.com', 'me.com', 'aol.com', 'proton.me', 'gmx.de', 'web.de', 'qq.com',
            'naver.com', 'daum.net', 'hanmail.net', 'kakao.com', 'nate.com'
        )
),

users as (
    select lower(email) as address, min(id) as user_id
    from raw.salesforce_user
    where email is not null
    group by lower(email)
),

leads as (
    select id, converted_account_id, converted_contact_id, converted_opportunity_id
    from raw.salesforce_lead
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

contacts as (
    select id, master_record_id
    from raw.salesforce_contact
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            system_modstamp desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select id, master_record_id as survivor from contacts where master_record_id is not null
    union
    select m.id, c.master_record_id
    from merges as m
    join contacts as c on m.survivor = c.id
    where c.master_record_id is not null and c.master_record_id <> m.id
),

survivors as (
    select m.id, min(m.survivor) as survivor
    from merges as m
    left join contacts as c on m.survivor = c.id
    where c.master_record_id is null
    group by m.id
),

-- Who and what else an act is about, where its own fields do not say.
relations as (
    select
        act_id,
        min(case when relation_id like '003%' then relation_id end) as contact_id,
        min(case when relation_id like '006%' then relation_id end) as deal_id
    from (
        select task_id as act_id, relation_id, is_deleted, is_gone, gone_at
        from raw.salesforce_task_relation
        union all
        select event_id, relation_id, is_deleted, is_gone, gone_at
        from raw.salesforce_event_relation
        union all
        select email_message_id, relation_id, is_deleted, is_gone, gone_at
        from raw.salesforce_email_message_relation
    )
    where
        coalesce(is_deleted, 'false') <> 'true'
        and coalesce(is_gone, 'false') <> 'true'
        and gone_at is null
    group by act_id
    -- An act on several deals is on none of them more than on the others.
    having count(distinct case when relation_id like '006%' then relation_id end) <= 1
),

emails as not materialized (
    select
        *,
        regexp_extract(lower(coalesce(from_address, '')), '@([a-z0-9.-]+)', 1) as from_domain,
        list_distinct(
            regexp_extract_all(lower(coalesce(to_address, '')), '@([a-z0-9.-]+)', 1)
        ) as to_domains
    from crm.salesforce_latest_emails
),

voice_calls as (
    select *
    from raw.salesforce_voice_call
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

twins as (
    select activity_id
    from emails as e
    where
        activity_id is not null
        and coalesce(e.is_deleted, 'false') <> 'true'
        and coalesce(e.is_gone, 'false') <> 'true'
        and coalesce(e.is_current, 'true') = 'true'
        and e.gone_at is null
    union
    select activity_id
    from voice_calls as c
    where
        activity_id is not null
        and coalesce(c.is_deleted, 'false') <> 'true'
        and coalesce(c.is_gone, 'false') <> 'true'
        and coalesce(c.is_current, 'true') = 'true'
        and c.gone_at is null
),

-- What the log of an e-mail or a phone call says of it.
logs as (
    select id, what_id, who_id, account_id, owner_id, subject, type
    from crm.salesforce_latest_tasks
    where id in (select activity_id from twins)
),

mail as (
    select
        e.id,
        coalesce(e.related_to_id, t.what_id) as what_id,
        t.who_id,
        t.account_id,
        coalesce(t.owner_id, u.user_id, e.created_by_id) as owner_id,
        coalesce(try_cast(e.message_date as timestamp), try_cast(e.created_date as timestamp))
            as happened_at,
        try_cast(e.created_date as timestamp) as recorded_at,
        'email' as kind,
        case
            when e.incoming = 'true' then 'inbound'
            when e.incoming = 'false' or list_contains(d.own, e.from_domain) then 'outbound'
            when e.from_domain <> '' and len(d.own) > 0 then 'inbound'
            else 'unknown'
        end as direction,
        'done' as status,
        e.subject,
        cast(null as double) as minutes,
        coalesce(e.automation_type = 'AiAutomated', false)
        or coalesce(e.is_bounced = 'true', false) as is_automatic,
        false as is_twin,
        cast(null as timestamp) as cancelled_at,
        t.type as type_word
    from emails as e
    cross join domains as d
    left join logs as t on e.activity_id = t.id
    left join users as u on lower(e.from_address) = u.address
    where
        coalesce(e.is_deleted, 'false') <> 'true'
        and coalesce(e.is_gone, 'false') <> 'true'
        and coalesce(e.is_current, 'true') = 'true'
        and e.gone_at is null
        and coalesce(lower(e.status), '') not in ('5', 'draft')
        and not coalesce(
            list_contains(d.own, e.from_domain)
            and len(e.to_domains) > 0
            and list_has_all(d.own, e.to_domains),
            false
        )
),

done_tasks as (
    select
        t.id,
        t.what_id,
        t.who_id,
        t.account_id,
        t.owner_id,
        case
            -- Logged within minutes as already done, under an earlier date: that date is the act's.
            when
                c.completed_at is not null
                and c.due_on < cast(c.completed_at as date)
                and c.completed_at <= c.created_at + interval 10 minute
                then c.due_on + interval 12 hour
            when c.completed_at is not null then c.completed_at
            when c.due_on = cast(c.created_at as date) then c.created_at
            when c.due_on is not null then c.due_on + interval 12 hour
            else c.created_at
        end as happened_at,
        c.created_at as recorded_at,
        case
            when t.task_subtype in ('Email', 'ListEmail') then 'email'
            when t.task_subtype = 'Call' or t.call_type is not null then 'call'
            when t.task_subtype = 'LinkedIn' then 'message'
            when regexp_matches(c.words, 'call|phone|통화|전화') then 'call'
            when regexp_matches(c.words, 'e-?mail|메일') then 'email'
            when regexp_matches(c.words, 'meeting|demo|visit|미팅|방문|회의') then 'meeting'
            when regexp_matches(c.words, 'sms|linkedin|whatsapp|kakao|chat|message|문자|카톡')
                then 'message'
            else 'task'
        end as kind,
        case
            when t.call_type = 'Inbound' or t.type ilike 'incoming%' then 'inbound'
            when t.call_type = 'Outbound' or t.type ilike 'outgoing%' then 'outbound'
            when t.task_subtype = 'ListEmail' then 'outbound'
            else 'unknown'
        end as direction,
        'done' as status,
        t.subject,
        try_cast(t.call_duration_in_seconds as double) / 60 as minutes,
        false as is_automatic,
        w.activity_id is not null as is_twin,
        cast(null as timestamp) as cancelled_at,
        t.type as type_word
    from crm.salesforce_latest_tasks as t
    cross join lateral (
        select
            try_cast(t.completed_date_time as timestamp) as completed_at,
            try_cast(t.activity_date as date) as due_on,
            try_cast(t.created_date as timestamp) as created_at,
            -- The type says most; without one, how the subject begins.
            case
                when coalesce(t.type, 'Other') <> 'Other' then lower(t.type)
                else regexp_extract(
                    lower(coalesce(t.subject, '')),
                    '^[^a-z가-힣]*(?:\[[a-z]+\] *\[?)?(call|phone|e-?mail|meeting|demo|visit|sms'
                    || '|linkedin|통화|전화|메일|미팅|방문|회의|문자)'
                )
            end as words
    ) as c
    left join twins as w on t.id = w.activity_id
    where
        coalesce(t.is_deleted, 'false') <> 'true'
        and coalesce(t.is_gone, 'false') <> 'true'
        and coalesce(t.is_current, 'true') = 'true'
        and t.gone_at is null
        and coalesce(t.is_recurrence, 'false') <> 'true'
        and coalesce(t.is_closed = 'true', lower(t.status) = 'completed', false)
        and coalesce(t.call_type, '') <> 'Internal'
),

meetings as (
    select
        e.id,
        e.what_id,
        e.who_id,
        e.account_id,
        e.owner_id,
        coalesce(
            try_cast(e.start_date_time as timestamp),
            try_cast(e.activity_date_time as timestamp),
            try_cast(e.activity_date as date) + interval 12 hour
        ) as happened_at,
        -- An occurrence of a series was booked by nobody for its own day: it is known once it is
        -- there.
        greatest(
            try_cast(e.created_date as timestamp),
            case
                when e.recurrence_activity_id is not null or e.is_recurrence2 = 'true'
                    then coalesce(
                        try_cast(e.start_date_time as timestamp),
                        try_cast(e.activity_date_time as timestamp),
                        try_cast(e.activity_date as date) + interval 12 hour
                    )
            end
        ) as recorded_at,
        case
            when coalesce(e.type, '') ilike '%call%' or e.event_subtype = 'Call' then 'call'
            else 'meeting'
        end as kind,
        'mutual' as direction,
        case
            when e.no_show = 'true' then 'no_show'
            when
                regexp_matches(
                    lower(coalesce(e.meeting_status, '')),
                    '^(true|yes|1)$|no.?show|did not attend|불참|노쇼'
                )
                then 'no_show'
            when regexp_matches(lower(e.meeting_status), 'cancel|declin|취소') then 'cancelled'
            when
                regexp_matches(
                    lower(e.meeting_status), 'held|complet|done|attend|occurred|완료|진행됨|참석'
                )
                then 'done'
            else 'unknown'
        end as status,
        e.subject,
        coalesce(
            try_cast(e.duration_in_minutes as double),
            epoch(try_cast(e.end_date_time as timestamp) - try_cast(e.start_date_time as timestamp))
            / 60
        ) as minutes,
        false as is_automatic,
        false as is_twin,
        case
            when regexp_matches(lower(e.meeting_status), 'cancel|declin|취소')
                then try_cast(coalesce(e.last_modified_date, e.system_modstamp) as timestamp)
        end as cancelled_at,
        e.type as type_word
    from crm.salesforce_latest_events as e
    where
        coalesce(e.is_deleted, 'false') <> 'true'
        and coalesce(e.is_gone, 'false') <> 'true'
        and coalesce(e.is_current, 'true') = 'true'
        and e.gone_at is null
        and coalesce(e.is_child, 'false') <> 'true'
        and coalesce(e.is_recurrence, 'false') <> 'true'
),

phone_calls as (
    select
        c.id,
        coalesce(
            case when c.related_record_id like '006%' then c.related_record_id end,
            t.what_id,
            case when c.related_record_id like '001%' then c.related_record_id end
        ) as what_id,
        coalesce(
            t.who_id,
            case
                when c.related_record_id like '003%' or c.related_record_id like '00Q%'
                    then c.related_record_id
            end
        ) as who_id,
        t.account_id,
        coalesce(c.user_id, t.owner_id, c.created_by_id) as owner_id,
        coalesce(
            try_cast(c.call_start_date_time as timestamp), try_cast(c.created_date as timestamp)
        ) as happened_at,
        try_cast(c.created_date as timestamp) as recorded_at,
        'call' as kind,
        case lower(c.call_type)
            when 'inbound' then 'inbound'
            when 'outbound' then 'outbound'
            else 'unknown'
        end as direction,
        'done' as status,
        t.subject,
        coalesce(
            try_cast(c.call_duration_in_seconds as double),
            epoch(
                try_cast(c.call_end_date_time as timestamp)
                - try_cast(c.call_start_date_time as timestamp)
            )
        ) / 60 as minutes,
        false as is_automatic,
        false as is_twin,
        cast(null as timestamp) as cancelled_at,
        t.type as type_word
    from voice_calls as c
    left join logs as t on c.activity_id = t.id
    where
        coalesce(c.is_deleted, 'false') <> 'true'
        and coalesce(c.is_gone, 'false') <> 'true'
        and coalesce(c.is_current, 'true') = 'true'
        and c.gone_at is null
        and coalesce(lower(c.call_type), '') <> 'internal'
),

acts as (
    select * from mail
    union all by name
    select * from done_tasks
    union all by name
    select * from meetings
    union all by name
    select * from phone_calls
)

select
    'salesforce' as source,
    'salesforce:' || a.id as activity_id,
    'salesforce:' || case
        when a.what_id like '006%' then a.what_id
        when a.what_id is null then coalesce(r.deal_id, l.converted_opportunity_id)
    end as deal_id,
    'salesforce:' || case
        when a.what_id like '001%' then a.what_id
        else coalesce(a.account_id, l.converted_account_id)
    end as account_id,
    'salesforce:' || a.owner_id as seller_id,
    'salesforce:' || coalesce(
        s.survivor,
        case when a.who_id like '003%' then a.who_id end,
        l.converted_contact_id,
        z.survivor,
        r.contact_id
    ) as contact_id,
    a.happened_at,
    cast(epoch(a.happened_at) as bigint) as happened_sec,
    a.recorded_at,
    cast(epoch(a.recorded_at) as bigint) as recorded_sec,
    a.kind,
    a.direction,
    a.status,
    a.subject,
    a.minutes,
    a.is_automatic,
    a.is_twin,
    cast(epoch(a.cancelled_at) as bigint) as cancelled_sec,
    a.type_word
from acts as a
left join leads as l on a.who_id = l.id
left join survivors as s on a.who_id = s.id
left join relations as r on a.id = r.act_id
left join survivors as z on r.contact_id = z.id
where a.happened_at is not null
