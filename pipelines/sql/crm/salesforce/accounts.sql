-- Salesforce accounts in the core shape; an account lost in a merge names the one that survived.
with recursive latest as (
    select *
    from raw.salesforce_account
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select id, master_record_id as survivor
    from latest
    where master_record_id is not null
    union
    select m.id, l.master_record_id
    from merges as m
    join latest as l on m.survivor = l.id
    where l.master_record_id is not null and l.master_record_id <> m.id
),

survivors as (
    select m.id, min(m.survivor) as survivor
    from merges as m
    left join latest as l on m.survivor = l.id
    where l.master_record_id is null
    group by m.id
)

select
    'salesforce' as source,
    'salesforce:' || l.id as account_id,
    l.name,
    l.industry,
    try_cast(l.number_of_employees as bigint) as employees,
    l.billing_country as country,
    nullif(trim(l.incumbent), '') as incumbent,
    try_cast(l.created_date as timestamp) as created_at,
    cast(epoch(try_cast(l.created_date as timestamp)) as bigint) as created_sec,
    'salesforce:' || s.survivor as survivor_id
from latest as l
left join survivors as s on l.id = s.id
where
    l.master_record_id is not null
    or (
        coalesce(l.is_deleted, 'false') <> 'true'
        and coalesce(l.is_gone, 'false') <> 'true'
        and coalesce(l.is_current, 'true') = 'true'
        and l.gone_at is null
    )
