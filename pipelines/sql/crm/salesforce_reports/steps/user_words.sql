-- Names of Salesforce users that only one of them has.
select lower(trim(name)) as word, min(id) as id
from raw.salesforce_user
where trim(name) <> ''
group by lower(trim(name))
having count(distinct id) = 1
