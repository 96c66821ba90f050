-- Acts in a Dynamics export: e-mails, calls, appointments and finished tasks. The pointer of every
-- activity repeats its e-mail, call or appointment under the same id; the fuller row counts.
with merged as (
    select
        lower(id) as id,
        max(lower(kind)) as kind,
        max(subject) as subject,
        max(lower(regarding_id)) as regarding_id,
        max(lower(regarding)) as regarding,
        coalesce(max(lower(owner_id)), max(lower(owner))) as owner_id,
        max(lower(direction)) as direction,
        max(lower(statecode)) as statecode,
        max(lower(statuscode)) as statuscode,
        max(try_cast(scheduled_start as timestamp)) as scheduled_start,
        max(try_cast(scheduled_end as timestamp)) as scheduled_end,
        max(try_cast(actual_start as timestamp)) as actual_start,
        max(try_cast(actual_end as timestamp)) as actual_end,
        max(try_cast(sent_at as timestamp)) as sent_at,
        max(try_cast(minutes as double)) as minutes,
        max(try_cast(created_at as timestamp)) as created_at,
        max(modified_at) as modified_at,
        max(regexp_extract(lower(_file), '(email|phonecall|appointment|task|letter)[^/!]*$', 1))
            as file_kind
    from raw.dynamics_activity
    where coalesce(is_deleted, 'false') <> 'true'
    group by lower(id)
),

kinds as (
    select
        *,
        case
            when word in ('email', 'e-mail', '4202', '전자 메일') then 'email'
            when word in ('phonecall', 'phone call', '4210', '전화 통화') then 'call'
            when word in ('appointment', 'recurringappointmentmaster', '4201', '약속') then 'meeting'
            when word in ('letter', 'fax', '4207', '4204') then 'document'
            when word in ('chat', 'socialactivity', 'msdyn_ocliveworkitem') then 'message'
            else 'task'
        end as kind_of_act
    from (select *, coalesce(kind, nullif(file_kind, ''), '') as word from merged)
    where coalesce(kind, '') not in ('opportunityclose', '4208', 'quoteclose', 'orderclose')
),

timed as (
    select
        *,
        case
            when kind_of_act = 'meeting' then coalesce(scheduled_start, actual_start, created_at)
            when kind_of_act = 'email' then coalesce(sent_at, actual_end, created_at)
            else coalesce(actual_end, actual_start, scheduled_end, created_at)
        end as happened_at
    from kinds
),

deals as (
    select distinct lower(id) as opportunity_id from raw.dynamics_opportunity
),

-- A sheet names what an act is about; a name that several deals share says not which.
names as (
    select lower(name) as name, min(lower(id)) as opportunity_id
    from raw.dynamics_opportunity
    where name is not null
    group by lower(name)
    having count(distinct lower(id)) = 1
)

select
    'dynamics' as source,
    'dynamics:' || t.id as activity_id,
    'dynamics:' || coalesce(d.opportunity_id, n.opportunity_id) as deal_id,
    case when d.opportunity_id is null then 'dynamics:' || t.regarding_id end as account_id,
    'dynamics:' || t.owner_id as seller_id,
    cast(null as varchar) as contact_id,
    t.happened_at,
    cast(epoch(t.happened_at) as bigint) as happened_sec,
    t.created_at as recorded_at,
    cast(epoch(t.created_at) as bigint) as recorded_sec,
    t.kind_of_act as kind,
    case
        when t.kind_of_act = 'meeting' then 'mutual'
        when t.kind_of_act = 'task' then 'unknown'
        when t.direction in ('1', 'true', 'outgoing', '발신') then 'outbound'
        when t.direction in ('0', 'false', 'incoming', '수신') then 'inbound'
        else 'unknown'
    end as direction,
    case
        when t.statecode in ('2', 'canceled', '취소됨') then 'cancelled'
        when t.statecode in ('1', 'completed', '완료됨') then 'done'
        when t.kind_of_act = 'meeting' then 'unknown'
        else 'done'
    end as status,
    t.subject,
    coalesce(t.minutes, epoch(t.scheduled_end - t.scheduled_start) / 60) as minutes,
    false as is_automatic,
    false as is_twin,
    case
        when t.statecode in ('2', 'canceled', '취소됨')
            then cast(epoch(try_cast(t.modified_at as timestamp)) as bigint)
    end as cancelled_sec,
    t.word as type_word
from timed as t
left join deals as d on t.regarding_id = d.opportunity_id
left join names as n on t.regarding_id is null and t.regarding = n.name
where
    t.happened_at is not null
    -- An open e-mail is a draft; an open task or call is a promise.
    and (t.kind_of_act = 'meeting' or t.statecode in ('1', 'completed', '완료됨'))
