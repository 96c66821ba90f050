-- Acts in a Pipedrive export: meetings, activities that are done, notes and mail. Pipedrive says of
-- mail who wrote it, and of activities not who acted on whom. Drafts and mail within the own
-- company are left out; what is still to be done is a commitment.
with addresses as (
    select lower(trim(email)) as address, id from raw.pipedrive_user where email like '%@%'
    union
    select
        lower(coalesce(
            owner_email,
            nullif(regexp_extract(owner, '^\{.*["'']email["''] ?: ?["'']([^"'']+)', 1), '')
        )) as address,
        coalesce(
            nullif(regexp_extract(owner, '^\{.*["'']id["''] ?: ?"?([0-9]+)', 1), ''), owner
        ) as id
    from raw.pipedrive_deal
    where owner_email like '%@%' or owner like '{%@%'
),

domains as (
    select list(distinct domain) as own, list(distinct address) as sellers
    from (
        select address, regexp_extract(address, '@([a-z0-9.-]+)', 1) as domain from addresses
    )
),

-- A seller with a free mailbox does not make every such mailbox ours.
ours as (
    select
        coalesce(sellers, []) as sellers,
        list_filter(
            coalesce(own, []),
            lambda d: d not in (
                'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com',
                'yahoo.com', 'icloud.com', 'me.com', 'aol.com', 'proton.me', 'gmx.de', 'web.de',
                'qq.com', 'naver.com', 'daum.net', 'hanmail.net', 'kakao.com', 'nate.com'
            )
        ) as own
    from domains
),

threads as (
    select id, min(deal_id) as deal_id
    from raw.pipedrive_mail_thread
    where deal_id is not null
    group by id
    having count(distinct deal_id) = 1
),

messages as (
    select
        id, deal_id, mail_thread_id, subject, from_party, to_party, sent_flag, draft_flag,
        sent_from_pipedrive_flag, deleted_flag, user_id, message_time, add_time, update_time,
        _file, _line
    from raw.pipedrive_mail_message
    union all by name
    select
        f.id, coalesce(f.deal_id, d.key) as deal_id, f.mail_thread_id, f.subject, f.from_party,
        f.to_party, f.sent_flag, f.draft_flag, f.sent_from_pipedrive_flag,
        f.is_deleted as deleted_flag, f.user_id,
        coalesce(try_cast(f.message_time as timestamp), try_cast(f.timestamp as timestamp))
            as message_time,
        f.add_time, f.update_time, f._file, f._line
    from raw.pipedrive_flow as f
    left join crm.pipedrive_flow_deals as d on f._file = d._file
    where lower(f.object) like 'mail%'
),

mails as (
    select
        m.*,
        coalesce(m.deal_id, t.deal_id) as on_deal,
        nullif(
            regexp_extract(lower(m.from_party), '[a-z0-9._%+''-]+@[a-z0-9.-]+'), ''
        ) as sender,
        regexp_extract_all(lower(coalesce(m.to_party, '')), '[a-z0-9._%+''-]+@[a-z0-9.-]+')
            as receivers,
        nullif(regexp_extract(m.from_party, '"linked_person_id": ?"?([0-9]+)', 1), '')
            as from_person,
        nullif(regexp_extract(m.to_party, '"linked_person_id": ?"?([0-9]+)', 1), '') as to_person
    from messages as m
    left join threads as t on m.mail_thread_id = t.id
    where
        not coalesce('true' in (m.draft_flag, m.deleted_flag), false)
        and try_cast(m.message_time as timestamp) is not null
    qualify row_number() over (
        partition by m.id
        order by
            coalesce(m.deal_id, t.deal_id) nulls last,
            try_cast(m.update_time as timestamp) desc nulls last, m._file desc, m._line desc
    ) = 1
),

written as (
    select
        m.*,
        list_contains(o.sellers, m.sender)
        or list_contains(o.own, regexp_extract(m.sender, '@(.+)$', 1)) as is_ours,
        len(o.sellers) > 0 as knows_ours,
        len(m.receivers) > 0
        and len(
            list_filter(
                m.receivers,
                lambda r: not list_contains(o.sellers, r)
                and not list_contains(o.own, regexp_extract(r, '@(.+)$', 1))
            )
        ) = 0 as is_to_ours,
        a.id as sender_id
    from mails as m
    cross join ours as o
    left join (select address, min(id) as id from addresses group by address) as a
        on m.sender = a.address
),

notes as (
    select id, deal_id, owner, org_id, person_id, content, add_time, update_time, _file, _line
    from raw.pipedrive_note
    where coalesce(is_active, 'true') = 'true' and coalesce(is_gone, 'false') <> 'true'
    union all by name
    select
        f.id, coalesce(f.deal_id, d.key) as deal_id, f.user_id as owner, f.org_id, f.person_id,
        f.content, f.add_time, f.update_time, f._file, f._line
    from raw.pipedrive_flow as f
    left join crm.pipedrive_flow_deals as d on f._file = d._file
    where lower(f.object) = 'note' and coalesce(f.is_active, 'true') = 'true'
),

acts as (
    select
        key as id,
        deal_id,
        coalesce(
            nullif(regexp_extract(org_id, '^\{.*["'']value["''] ?: ?"?([0-9]+)', 1), ''), org_id
        ) as org_id,
        org_name,
        person_id,
        owner,
        kind,
        case when kind = 'meeting' then 'mutual' else 'unknown' end as direction,
        case
            when regexp_matches(word, 'no.?show') then 'no_show'
            when regexp_matches(word, 'cancel') then 'cancelled'
            when kind = 'meeting' and not is_done then 'unknown'
            else 'done'
        end as status,
        subject,
        case
            when kind = 'meeting' then coalesce(due_at, done_at, added_at)
            -- Done before its time, it was done then; ticked off later, its time is when it was.
            when has_time then coalesce(least(done_at, due_at), due_at)
            -- What is ticked off more than a week late is a clean-up of the list.
            when done_at > due_on + interval 8 day then due_at
            else
                coalesce(
                    done_at, least(due_at, try_cast(update_time as timestamp)), added_at
                )
        end as happened_at,
        case
            when kind = 'meeting' then added_at
            else coalesce(done_at, added_at)
        end as recorded_at,
        try_cast(regexp_extract(duration, '^([0-9]+):[0-9]{2}', 1) as double) * 60
        + try_cast(regexp_extract(duration, '^[0-9]+:([0-9]{2})', 1) as double)
            as minutes,
        type as type_word
    from crm.pipedrive_planned_acts
    where is_done or kind = 'meeting'
    union all by name
    select
        'note/' || id as id,
        deal_id,
        org_id,
        person_id,
        owner,
        'note' as kind,
        'unknown' as direction,
        'done' as status,
        left(trim(regexp_replace(content, '<[^>]*>', ' ', 'g')), 200) as subject,
        try_cast(add_time as timestamp) as happened_at,
        try_cast(add_time as timestamp) as recorded_at,
        'note' as type_word
    from notes
    qualify row_number() over (
        partition by id
        order by try_cast(update_time as timestamp) desc nulls last, _file desc, _line desc
    ) = 1
    union all by name
    select
        'mail/' || id as id,
        on_deal as deal_id,
        case when is_ours then to_person else from_person end as person_id,
        coalesce(sender_id, user_id) as owner,
        'email' as kind,
        case
            when 'true' in (sent_flag, sent_from_pipedrive_flag) or is_ours then 'outbound'
            when sender is not null and (knows_ours or from_person is not null) then 'inbound'
            else 'unknown'
        end as direction,
        'done' as status,
        subject,
        try_cast(message_time as timestamp) as happened_at,
        coalesce(try_cast(add_time as timestamp), try_cast(message_time as timestamp))
            as recorded_at,
        'mail' as type_word
    from written
    where not coalesce(is_ours and is_to_ours, false)
)

select
    'pipedrive' as source,
    'pipedrive:' || a.id as activity_id,
    'pipedrive:' || a.deal_id as deal_id,
    'pipedrive:' || coalesce(a.org_id, g.id, nullif(trim(a.org_name), '')) as account_id,
    'pipedrive:' || coalesce(o.id, a.owner) as seller_id,
    'pipedrive:' || coalesce(
        nullif(regexp_extract(a.person_id, '^\{.*["'']value["''] ?: ?"?([0-9]+)', 1), ''),
        a.person_id
    ) as contact_id,
    a.happened_at,
    cast(floor(epoch(a.happened_at)) as bigint) as happened_sec,
    a.recorded_at,
    cast(floor(epoch(a.recorded_at)) as bigint) as recorded_sec,
    a.kind,
    a.direction,
    a.status,
    a.subject,
    a.minutes,
    false as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    a.type_word
from acts as a
left join crm.pipedrive_user_words as o on lower(trim(a.owner)) = o.word
left join crm.pipedrive_organization_words as g on lower(trim(a.org_name)) = g.word
where a.happened_at is not null
