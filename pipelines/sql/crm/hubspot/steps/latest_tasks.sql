-- HubSpot tasks, each by its latest line.
select
    id,
    task_subject,
    task_status,
    task_type,
    created_at,
    due_at,
    completed_at,
    modified_at,
    owner,
    deal_ids,
    contact_ids,
    company_ids,
    is_deleted,
    is_gone,
    is_archived
from raw.hubspot_task
where id is not null
qualify row_number() over (
    partition by id
    order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
) = 1
