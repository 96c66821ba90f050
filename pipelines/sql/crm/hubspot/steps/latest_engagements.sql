-- HubSpot engagements of the old interface, each by its latest line.
select
    id,
    type,
    task_type,
    subject,
    status,
    outcome,
    happened_at,
    started_at,
    ended_at,
    completed_at,
    duration,
    created_at,
    modified_at,
    owner,
    from_email,
    to_email,
    deal_ids,
    contact_ids,
    company_ids,
    is_deleted,
    is_gone,
    is_active
from raw.hubspot_engagement
where id is not null
qualify row_number() over (
    partition by id
    order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
) = 1
