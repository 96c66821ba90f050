-- Acts that a sheet lists. The kind and the direction are read from the words of their columns; a
-- word that says neither leaves them as a task of unknown direction.
with deals as (
    select
        coalesce(
            id,
            concat_ws(' / ', lower(trim(account)), lower(trim(name)), cast(created_at as date))
        ) as source_id,
        lower(trim(name)) as name,
        lower(trim(account)) as account
    from raw.sheet_deal
),

by_account as (
    select account, name, min(source_id) as source_id
    from deals
    where name <> ''
    group by account, name
    having count(distinct source_id) = 1
),

names as (
    select name, min(source_id) as source_id
    from deals
    where name <> ''
    group by name
    having count(distinct source_id) = 1
),

acts as (
    select
        a.*,
        coalesce(a.deal_id, b.source_id, n.source_id) as source_id,
        lower(coalesce(a.type, '')) as word,
        lower(coalesce(a.direction, '')) as way,
        lower(coalesce(a.status, '')) as result,
        try_cast(a.happened_at as timestamp) as moment,
        try_cast(a.recorded_at as timestamp) as logged
    from raw.sheet_activity as a
    left join by_account as b
        on lower(trim(a.deal)) = b.name and lower(trim(a.account)) = b.account
    left join names as n on lower(trim(a.deal)) = n.name
),

kinds as (
    select
        *,
        case
            when regexp_matches(word, 'e-?mail|메일') then 'email'
            when regexp_matches(word, 'interview|phone.?screen|면접') then 'meeting'
            when regexp_matches(word, 'call|phone|전화|통화') then 'call'
            when regexp_matches(word, 'meet|demo|visit|workshop|미팅|회의|방문|면담|시연|데모|발표') then 'meeting'
            when regexp_matches(word, 'sms|text|chat|message|linkedin|kakao|문자|카톡|카카오|메신저|메시지') then 'message'
            when regexp_matches(word, 'quote|proposal|contract|document|견적|제안서|계약서') then 'document'
            when regexp_matches(word, 'note|memo|메모|비고') then 'note'
            else 'task'
        end as kind
    from acts
),

latest as (
    select *
    from kinds
    where moment is not null
    qualify row_number() over (
        partition by coalesce(id, concat_ws('/', source_id, account, happened_at, word, way, subject))
        order by _file desc, _line desc
    ) = 1
)

select
    'sheet' as source,
    'sheet:' || coalesce(id, concat_ws('/', source_id, account, happened_at, word, way, subject))
        as activity_id,
    'sheet:' || source_id as deal_id,
    'sheet:' || lower(trim(account)) as account_id,
    'sheet:' || lower(trim(owner)) as seller_id,
    'sheet:' || lower(trim(contact)) as contact_id,
    moment as happened_at,
    cast(epoch(moment) as bigint) as happened_sec,
    logged as recorded_at,
    cast(epoch(logged) as bigint) as recorded_sec,
    kind,
    case
        when
            regexp_matches(
                way,
                '^in$|^in ?[/(-]| in$|inbound|incoming|received|(from|by) (the )?(customer|client|buyer)'
                || '|to us$|수신|인바운드|인입|착신|받[음은]|^(고객|거래처|상대)[사방]? ?(→|->|=>|>)'
                || '|eingehend|entrant|reçu|recibid|受信'
            )
            then 'inbound'
        when
            regexp_matches(
                way,
                '^out$|^out ?[/(-]| out$|outbound|outgoing|sent|to (the )?(customer|client|buyer)'
                || '|from us$|발신|아웃바운드|발송|송신|보[냄낸]|^(당사|우리|자사) ?(→|->|=>|>)'
                || '|ausgehend|sortant|envoyé|saliente|enviad|送信'
            )
            then 'outbound'
        when kind = 'meeting' or regexp_matches(way, 'mutual|both|양방향|쌍방') then 'mutual'
        when regexp_matches(word, 'inbound|received|incoming|수신') then 'inbound'
        when regexp_matches(word, 'outbound|sent|outgoing|발신') then 'outbound'
        else 'unknown'
    end as direction,
    case
        when regexp_matches(result, 'no.?show|노쇼|불참') then 'no_show'
        when regexp_matches(result, 'cancel|취소') then 'cancelled'
        when regexp_matches(result, 'planned|scheduled|booked|to ?do|예정|계획') then 'booked'
        when kind = 'meeting' and result = '' then 'unknown'
        else 'done'
    end as status,
    subject,
    try_cast(minutes as double) as minutes,
    false as is_automatic,
    false as is_twin,
    cast(null as bigint) as cancelled_sec,
    type as type_word
from latest
