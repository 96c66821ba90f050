-- Each Salesforce task as the newest of its lines has it. Nearly every id stands
-- once; only the others have lines to put in order.
with repeated as (
    select id
    from raw.salesforce_task
    where id is not null
    group by id
    having count(*) > 1
),

latest as (
    select *
    from raw.salesforce_task
    where id in (select id from repeated)
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
)

select *
from raw.salesforce_task
where id is not null and id not in (select id from repeated)
union all
select * from latest
