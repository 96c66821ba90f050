-- Names of Pipedrive organizations. A name tells which it is where only one has it.
select lower(trim(name)) as word, min(id) as id
from (
    select id, name from raw.pipedrive_organization
    union all
    select org_id, org_name from raw.pipedrive_deal where regexp_full_match(org_id, '[0-9]+')
)
where trim(name) <> ''
group by lower(trim(name))
having count(distinct id) = 1
