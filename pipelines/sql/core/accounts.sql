-- The companies behind the deals; those merged away are left out, and their deals follow the
-- survivor.
select
    a.account_id,
    a.name,
    a.industry,
    a.employees,
    a.country,
    a.incumbent,
    a.created_at,
    a.created_sec,
    a.source
from crm.accounts as a
cross join core.parameters as p
where a.survivor_id is null and (a.created_sec is null or a.created_sec < p.as_of_end_sec)
