-- Companies before they have an opportunity: their status, and since when it says so.
with latest as (
    select *
    from raw.close_lead
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

changes as (
    select lead_id, user_id, new_status_label, created_at
    from (
        select id, lead_id, user_id, new_status_label, created_at, _file, _line
        from raw.close_lead_status_change
        union all
        select id, lead_id, user_id, new_status_label, created_at, _file, _line
        from raw.close_activity
        where activity_type = 'LeadStatusChange'
    )
    qualify row_number() over (
        partition by lead_id
        order by created_at desc, id desc nulls last, _file desc, _line desc
    ) = 1
),

sold as (
    select lead_id, min_by(id, created_at) as opportunity_id
    from raw.close_opportunity
    group by lead_id
)

select
    'close' as source,
    'close:' || l.id as lead_id,
    'close:' || l.id as account_id,
    'close:' || c.user_id as seller_id,
    try_cast(l.created_at as timestamp) as created_at,
    cast(epoch(try_cast(l.created_at as timestamp)) as bigint) as created_sec,
    coalesce(l.status_label, c.new_status_label) as status,
    cast(null as varchar) as reason,
    'close:' || s.opportunity_id as deal_id,
    try_cast(coalesce(c.created_at, l.modified_at) as timestamp) as modified_at,
    cast(epoch(try_cast(coalesce(c.created_at, l.modified_at) as timestamp)) as bigint)
        as modified_sec
from latest as l
left join changes as c on l.id = c.lead_id
left join sold as s on l.id = s.lead_id
where l.created_at is not null
