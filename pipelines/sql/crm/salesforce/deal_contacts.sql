-- Salesforce contact roles: the people on the buyer's side of each deal and when they were added.
with roles as (
    select *
    from raw.salesforce_opportunity_contact_role
    where id is not null and opportunity_id is not null and contact_id is not null
    qualify row_number() over (
        partition by id
        order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
),

contacts as (
    select *
    from raw.salesforce_contact
    where id is not null
    qualify row_number() over (
        partition by id
        order by system_modstamp desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || r.opportunity_id as deal_id,
    'salesforce:' || coalesce(c.master_record_id, r.contact_id) as contact_id,
    r.role,
    coalesce(s.title, c.title) as title,
    try_cast(r.created_date as timestamp) as added_at,
    cast(epoch(try_cast(r.created_date as timestamp)) as bigint) as added_sec
from roles as r
left join contacts as c on r.contact_id = c.id
left join contacts as s on c.master_record_id = s.id
where coalesce(r.is_deleted, 'false') <> 'true'
