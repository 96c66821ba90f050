-- Dynamics tasks and calls on opportunities that were promised before they were done.
with latest as (
    select
        *,
        -- An export of one kind of activity need not say the kind on its lines.
        max(
            lower(coalesce(kind, regexp_extract(lower(_file), '(phonecall|task)[^/!]*$', 1)))
        ) over (partition by lower(id)) as word,
        max(lower(regarding_id)) over (partition by lower(id)) as about_id,
        max(lower(regarding)) over (partition by lower(id)) as about
    from raw.dynamics_activity
    where coalesce(is_deleted, 'false') <> 'true'
    qualify row_number() over (
        partition by lower(id)
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
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
),

dated as (
    select
        lower(a.id) as id,
        coalesce(d.opportunity_id, n.opportunity_id) as opportunity_id,
        a.subject,
        try_cast(a.created_at as timestamp) as made_at,
        cast(try_cast(a.scheduled_end as timestamp) as date) as due_on,
        case
            when lower(a.statecode) in ('1', 'completed', '완료됨')
                then try_cast(coalesce(a.actual_end, a.modified_at) as timestamp)
        end as kept_at
    from latest as a
    left join deals as d on a.about_id = d.opportunity_id
    left join names as n on a.about_id is null and a.about = n.name
    where
        coalesce(d.opportunity_id, n.opportunity_id) is not null
        and a.word in ('task', 'phonecall', 'phone call', '4212', '4210', '작업')
        and lower(coalesce(a.statecode, '')) not in ('2', 'canceled', '취소됨')
)

select
    'dynamics' as source,
    'dynamics:' || opportunity_id as deal_id,
    'dynamics:' || id as commitment_id,
    subject,
    made_at,
    cast(epoch(made_at) as bigint) as made_sec,
    due_on,
    cast(due_on - date '1970-01-01' as integer) as due_day,
    kept_at,
    cast(epoch(kept_at) as bigint) as kept_sec,
    cast(null as varchar) as made_by
from dated
where made_at is not null and (kept_at is null or kept_at > made_at + interval 10 minute)
