-- Acts in a HubSpot export: mail, calls, meetings, done tasks, notes and short messages. An act
-- that names several deals counts on each of them. Mail not sent and mail within the own company
-- are left out; open tasks are commitments.
with domains as (
    select list(domain) as own from crm.hubspot_own_domains
),

emails as (
    select *
    from raw.hubspot_email
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

calls as (
    select *
    from raw.hubspot_call
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

meetings as (
    select *
    from raw.hubspot_meeting
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

notes as (
    select *
    from raw.hubspot_note
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

communications as (
    select *
    from raw.hubspot_communication
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- Landings of the old interface hold every type in one table.
typed as (
    select
        id, 'email' as kind, happened_at, created_at, modified_at, owner, deal_ids, contact_ids,
        company_ids, is_deleted, is_gone, is_archived, email_subject as subject,
        coalesce(email_direction, type) as word, email_status as status, from_email, to_email,
        sequence_id, null as duration, null as ended_at, null as type_word
    from emails
    union all by name
    select
        id, 'call' as kind, happened_at, created_at, modified_at, owner, deal_ids, contact_ids,
        company_ids, is_deleted, is_gone, is_archived, call_title as subject,
        call_direction as word, call_status as status, duration, call_type as type_word
    from calls
    union all by name
    select
        id, 'meeting' as kind, coalesce(meeting_start, happened_at) as happened_at, created_at,
        modified_at, owner, deal_ids, contact_ids, company_ids, is_deleted, is_gone,
        is_archived,
        meeting_title as subject, meeting_outcome as status, meeting_end as ended_at,
        meeting_type as type_word
    from meetings
    union all by name
    select
        id, 'task' as kind,
        -- Without a time of its own a completion is as late as the due date or the last change.
        coalesce(completed_at, least(due_at, modified_at)) as happened_at, created_at, modified_at,
        owner, deal_ids, contact_ids, company_ids, is_deleted, is_gone, is_archived,
        task_subject as subject, task_status as status, task_type as type_word
    from crm.hubspot_latest_tasks
    union all by name
    select
        id, 'note' as kind, happened_at, created_at, modified_at, owner, deal_ids, contact_ids,
        company_ids, is_deleted, is_gone, is_archived
    from notes
    union all by name
    select
        id, 'message' as kind, happened_at, created_at, modified_at, owner, deal_ids, contact_ids,
        company_ids, is_deleted, is_gone, is_archived, channel as type_word
    from communications
),

acts as (
    select
        t.* replace (
            case
                when t.kind = 'email'
                    and coalesce(t.word, 'EMAIL') = 'EMAIL' then coalesce(e.type, t.word)
                else t.word
            end as word,
            coalesce(t.happened_at, e.happened_at) as happened_at,
            coalesce(t.created_at, e.created_at) as created_at,
            coalesce(t.owner, e.owner) as owner
        ),
        e.is_active
    from typed as t
    left join crm.hubspot_latest_engagements as e on t.id = e.id
    union all by name
    select
        e.id,
        case
            when e.type ilike '%EMAIL%' then 'email'
            when e.type ilike '%NOTE%' then 'note'
            when e.type in ('SMS', 'WHATS_APP', 'LINKEDIN_MESSAGE') then 'message'
            else lower(e.type)
        end as kind,
        case
            when e.type = 'TASK'
                then coalesce(e.completed_at, least(e.happened_at, e.modified_at))
            when e.type = 'MEETING' then coalesce(e.started_at, e.happened_at)
            else e.happened_at
        end as happened_at,
        e.created_at,
        e.modified_at,
        e.owner,
        e.deal_ids,
        e.contact_ids,
        e.company_ids,
        e.is_deleted,
        e.is_gone,
        e.is_active,
        e.subject,
        case when e.type ilike '%EMAIL%' then e.type end as word,
        case when e.type = 'MEETING' then coalesce(e.outcome, e.status) else e.status end as status,
        e.from_email,
        e.to_email,
        e.duration,
        e.ended_at,
        e.task_type as type_word
    from crm.hubspot_latest_engagements as e
    where
        e.id not in (select id from typed)
        and regexp_matches(e.type, 'EMAIL|CALL|MEETING|TASK|NOTE|SMS|WHATS_APP|LINKEDIN_MESSAGE')
),

deal_links as (
    select engagement_id, list(distinct deal_id order by deal_id) as deals
    from raw.hubspot_engagement_deal
    group by engagement_id
),

person_links as (
    select engagement_id, min(contact_id) as contact_id
    from raw.hubspot_engagement_contact
    group by engagement_id
),

company_links as (
    select engagement_id, min(company_id) as company_id
    from raw.hubspot_engagement_company
    group by engagement_id
),

placed as (
    select
        a.*,
        list_distinct(
            list_concat(
                regexp_extract_all(coalesce(a.deal_ids, ''), '[0-9]+'), coalesce(d.deals, [])
            )
        ) as deals,
        coalesce(nullif(regexp_extract(a.contact_ids, '[0-9]+'), ''), p.contact_id) as contact_id,
        coalesce(nullif(regexp_extract(a.company_ids, '[0-9]+'), ''), c.company_id) as company_id,
        try_cast(a.happened_at as timestamp) as moment,
        try_cast(a.created_at as timestamp) as recorded,
        upper(replace(trim(a.word), ' ', '_')) as way,
        upper(replace(trim(a.status), ' ', '_')) as state,
        nullif(regexp_extract(lower(a.from_email), '@([a-z0-9.-]+)', 1), '') as from_domain,
        list_distinct(
            regexp_extract_all(lower(coalesce(a.to_email, '')), '@([a-z0-9.-]+)', 1)
        ) as to_domains
    from acts as a
    left join deal_links as d on a.id = d.engagement_id
    left join person_links as p on a.id = p.engagement_id
    left join company_links as c on a.id = c.engagement_id
    where
        not coalesce('true' in (a.is_deleted, a.is_gone, a.is_archived), false)
        and coalesce(a.is_active, 'true') <> 'false'
),

-- One row a deal, where a deal that was merged away stands for the one that survived.
spread as (
    select distinct on (id, deal_id) *
    from (
        select p.* exclude (deals), coalesce(s.survivor, p.deal) as deal_id
        from (
            select
                *,
                unnest(case when len(deals) = 0 then [cast(null as varchar)] else deals end) as deal
            from placed
        ) as p
        left join crm.hubspot_survivors as s on s.kind = 'deal' and p.deal = s.id
    )
),

counted as (
    select *, count(*) over (partition by id) as times from spread
)

select
    'hubspot' as source,
    'hubspot:' || c.id || case when c.times > 1 then '/' || c.deal_id else '' end as activity_id,
    'hubspot:' || c.deal_id as deal_id,
    'hubspot:' || c.company_id as account_id,
    'hubspot:' || coalesce(o.id, c.owner) as seller_id,
    'hubspot:' || coalesce(m.survivor, c.contact_id) as contact_id,
    c.moment as happened_at,
    cast(floor(epoch(c.moment)) as bigint) as happened_sec,
    c.recorded as recorded_at,
    cast(floor(epoch(c.recorded)) as bigint) as recorded_sec,
    c.kind,
    case
        when c.kind = 'meeting' then 'mutual'
        when c.kind = 'call' and regexp_matches(c.way, '^INBOUND') then 'inbound'
        when c.kind = 'call' and regexp_matches(c.way, '^OUTBOUND') then 'outbound'
        when c.kind <> 'email' then 'unknown'
        when regexp_matches(c.way, '^(INCOMING|INBOUND)') then 'inbound'
        -- What was forwarded into the CRM may have gone either way: its sender tells.
        when regexp_matches(c.way, '^FORWARDED') then
            case
                when c.from_domain is null or coalesce(len(d.own), 0) = 0 then 'unknown'
                when list_contains(d.own, c.from_domain) then 'outbound'
                else 'inbound'
            end
        when regexp_matches(c.way, '^(E-?MAIL|OUTGOING|OUTBOUND)') then 'outbound'
        else 'unknown'
    end as direction,
    case
        when c.kind = 'meeting' and regexp_matches(c.state, '^(CANCEL|RESCHEDUL)') then 'cancelled'
        when c.kind = 'meeting' and regexp_matches(c.state, '^NO.?SHOW') then 'no_show'
        when c.kind = 'meeting' and c.state = 'COMPLETED' then 'done'
        -- A meeting is often left as scheduled after it has passed.
        when c.kind = 'meeting' then 'unknown'
        when c.kind = 'call' and regexp_matches(c.state, '^(CANCEL|FAILED|QUEUED)')
            then 'cancelled'
        else 'done'
    end as status,
    c.subject,
    case
        when c.kind = 'meeting'
            then epoch(try_cast(c.ended_at as timestamp)) / 60 - epoch(c.moment) / 60
        else try_cast(c.duration as double) / 60000
    end as minutes,
    -- A sequence sends by itself, and mail that bounced reached nobody.
    c.kind = 'email'
    and (
        coalesce(c.state = 'BOUNCED', false)
        or (c.sequence_id is not null and not coalesce(regexp_matches(c.way, '^INCOMING'), false))
    ) as is_automatic,
    false as is_twin,
    case
        when c.kind = 'meeting' and regexp_matches(c.state, '^(CANCEL|RESCHEDUL)')
            then cast(floor(epoch(try_cast(c.modified_at as timestamp))) as bigint)
    end as cancelled_sec,
    coalesce(c.type_word, c.kind) as type_word
from counted as c
cross join domains as d
left join crm.hubspot_survivors as m on m.kind = 'contact' and c.contact_id = m.id
left join crm.hubspot_owner_words as o
    on lower(regexp_replace(c.owner, ' *\((deactivated|removed).*$', '', 'i')) = o.word
where
    c.moment is not null
    and (c.kind <> 'task' or c.state = 'COMPLETED')
    and not (c.kind = 'email' and coalesce(c.state in ('FAILED', 'SCHEDULED', 'DRAFT'), false))
    and not coalesce(
        c.kind = 'email'
        and list_contains(d.own, c.from_domain)
        and len(c.to_domains) > 0
        and list_has_all(d.own, c.to_domains),
        false
    )
