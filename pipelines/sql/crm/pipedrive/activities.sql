-- Acts in a Pipedrive export: meetings, activities that are done, notes and mail. Pipedrive says of
-- mail who wrote it, and of activities not who acted on whom. Drafts and mail within the own
-- company are left out; what is still to be done is a commitment.
with -- What a flow tells of one deal may name the deal on its changes only, or in its file's name.
flow_deals as (
    select
        _file,
        case
            when count(distinct deal) = 1 then min(deal)
            else
                nullif(
                    regexp_extract(
                        lower(_file),
                        '(?:^|[/!_-])(?:deal[_-]?|(?:deals|flow)/|flow[_-])([0-9]+)(?:[^0-9]|$)',
                        1
                    ),
                    ''
                )
        end as key
    from (
        select
            _file,
            coalesce(deal_id, case when field_key is not null then item_id end) as deal
        from raw.pipedrive_flow
    )
    group by _file
),

activities as (
    select
        id, deal_id, deal_title, org_id, org_name, person_id, owner, type, subject, due_date,
        due_time, duration, done, marked_as_done_time, add_time, update_time,
        coalesce('true' in (is_deleted, is_gone), false)
        or coalesce(is_active, 'true') = 'false'
        or deleted_at is not null as is_gone,
        synced_at, _file, _line
    from raw.pipedrive_activity
    union all by name
    select
        f.id, coalesce(f.deal_id, d.key) as deal_id, f.org_id, f.person_id,
        coalesce(f.owner_id, f.user_id) as owner, f.type, f.subject, f.due_date, f.due_time,
        f.duration, f.done, f.marked_as_done_time, f.add_time, f.update_time,
        coalesce(f.is_deleted = 'true', false)
        or coalesce(f.is_active, 'true') = 'false' as is_gone,
        f._file, f._line
    from raw.pipedrive_flow as f
    left join flow_deals as d on f._file = d._file
    where lower(f.object) = 'activity'
),

-- A list export names the deal at least; a title that two deals have tells nothing.
titles as (
    select word, min(key) as key
    from (
        select
            lower(trim(title)) as word,
            coalesce(
                id,
                concat_ws(' / ', title, org_name, cast(try_cast(add_time as timestamp) as date))
            ) as key
        from raw.pipedrive_deal
    )
    where word <> ''
    group by word
    having count(distinct key) = 1
),

known as (
    select
        a.* replace (
            coalesce(
                nullif(regexp_extract(a.owner, '^\{.*["'']id["''] ?: ?"?([0-9]+)', 1), ''),
                a.owner
            ) as owner,
            coalesce(a.deal_id, t.key) as deal_id
        ),
        coalesce(
            a.id,
            concat_ws(
                ' / ', coalesce(a.deal_id, t.key), a.type, a.subject, a.owner,
                cast(try_cast(a.due_date as date) as varchar), a.due_time
            )
        ) as key,
        coalesce(lower(trim(a.done)) in ('done', 'true', '1', '1.0', 'yes', 'completed'), false)
            as is_done,
        lower(coalesce(a.type, '')) as word,
        try_cast(a.add_time as timestamp) as added_at,
        try_cast(a.marked_as_done_time as timestamp) as done_at,
        try_cast(a.due_date as date) as due_on,
        -- Where no time is told it was some time of that day.
        try_cast(a.due_date as date)
        + coalesce(
            to_minutes(
                60 * try_cast(regexp_extract(a.due_time, '^([0-9]{1,2}):[0-9]{2}', 1) as integer)
                + try_cast(regexp_extract(a.due_time, '^[0-9]{1,2}:([0-9]{2})', 1) as integer)
            ),
            interval 12 hour
        ) as due_at,
        regexp_matches(a.due_time, '^[0-9]{1,2}:[0-9]{2}') as has_time
    from activities as a
    left join titles as t on lower(trim(a.deal_title)) = t.word
),

latest as (
    select
        *,
        case
            when regexp_matches(word, 'mail') then 'email'
            when regexp_matches(word, 'call|phone|전화|통화') then 'call'
            when
                regexp_matches(word, 'meeting|lunch|dinner|demo|visit|workshop|미팅|회의|방문|시연')
                then 'meeting'
            when regexp_matches(word, 'sms|whatsapp|linkedin|message|chat|kakao|문자|카톡')
                then 'message'
            when regexp_matches(word, '^note') then 'note'
            else 'task'
        end as kind
    from known
    where not is_gone
    qualify row_number() over (
        partition by key
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
),

-- A seller goes by the id, by the name or by the address.
people as (
    select word, min(id) as id
    from (
        select id as word, id from raw.pipedrive_user
        union all
        select lower(trim(name)) as word, id from raw.pipedrive_user
        union all
        select lower(trim(email)) as word, id from raw.pipedrive_user
    )
    where word <> ''
    group by word
),

-- An organization's name tells which it is where only one has it.
organizations as (
    select lower(trim(name)) as word, min(id) as id
    from (
        select id, name from raw.pipedrive_organization
        union all
        select org_id, org_name from raw.pipedrive_deal where regexp_full_match(org_id, '[0-9]+')
    )
    where trim(name) <> ''
    group by lower(trim(name))
    having count(distinct id) = 1
),

addresses as (
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
    left join flow_deals as d on f._file = d._file
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
    left join flow_deals as d on f._file = d._file
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
    from latest
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
left join people as o on lower(trim(a.owner)) = o.word
left join organizations as g on lower(trim(a.org_name)) = g.word
where a.happened_at is not null
