-- Leads: the backlog, and walk-aways before a deal exists. A lead's status is known only as it
-- stands in the export, so it counts from when it was last changed.
with dated as (
    select
        l.lead_id,
        coalesce(a.survivor_id, l.account_id) as account_id,
        l.seller_id,
        l.created_at,
        case when l.modified_sec < p.as_of_end_sec then l.status end as status,
        case when l.modified_sec < p.as_of_end_sec then l.reason end as reason,
        l.deal_id,
        l.created_sec,
        l.modified_at,
        l.modified_sec,
        l.source
    from crm.leads as l
    cross join core.parameters as p
    left join crm.accounts as a on l.account_id = a.account_id
    where l.created_sec < p.as_of_end_sec
),

told as (
    select
        d.*,
        d.reason is not null
        or coalesce(m.reason_class in ('disqualified', 'hygiene'), false) as is_disqualified
    from dated as d
    left join core.reason_classes as m on lower(trim(d.status)) = m.reason
)

select
    lead_id,
    account_id,
    seller_id,
    created_at,
    status,
    case when is_disqualified then modified_at end as disqualified_at,
    reason,
    deal_id,
    created_sec,
    case when is_disqualified then modified_sec end as disqualified_sec,
    source
from told
