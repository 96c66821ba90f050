-- Salesforce contact roles: the people on the buyer's side of each deal and when they were added.
with recursive roles as (
    select *
    from raw.salesforce_opportunity_contact_role
    where id is not null and opportunity_id is not null and contact_id is not null
    qualify row_number() over (
        partition by id
        order by
            system_modstamp desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

contacts as (
    select *
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
)

select
    'salesforce' as source,
    'salesforce:' || r.opportunity_id as deal_id,
    'salesforce:' || coalesce(m.survivor, r.contact_id) as contact_id,
    r.role,
    coalesce(s.title, c.title) as title,
    try_cast(r.created_date as timestamp) as added_at,
    cast(epoch(try_cast(r.created_date as timestamp)) as bigint) as added_sec
from roles as r
left join contacts as c on r.contact_id = c.id
left join survivors as m on r.contact_id = m.id
left join contacts as s on m.survivor = s.id
where
    coalesce(r.is_deleted, 'false') <> 'true'
    and coalesce(r.is_gone, 'false') <> 'true'
    and coalesce(r.is_current, 'true') = 'true'
    and r.gone_at is null
