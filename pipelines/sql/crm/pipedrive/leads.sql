-- Pipedrive leads: the inbox before a deal exists. A lead that was archived without becoming a deal
-- was let go.
with latest as (
    select
        *,
        coalesce(lower(archive_status), '') in ('archived', 'true', 'yes', '1') as is_archived
    from raw.pipedrive_lead
    qualify row_number() over (
        partition by id
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
),

dated as (
    select
        *,
        coalesce(
            case when is_archived then try_cast(archive_time as timestamp) end,
            try_cast(update_time as timestamp)
        ) as modified_at
    from latest
)

select
    'pipedrive' as source,
    'pipedrive:' || l.id as lead_id,
    'pipedrive:' || coalesce(l.org_id, g.id, nullif(trim(l.org_name), '')) as account_id,
    'pipedrive:' || coalesce(o.id, l.owner) as seller_id,
    try_cast(l.add_time as timestamp) as created_at,
    cast(floor(epoch(try_cast(l.add_time as timestamp))) as bigint) as created_sec,
    case when l.is_archived then 'Archived' else 'Open' end as status,
    case
        when l.is_archived and l.deal_id is null
            then coalesce(nullif(trim(l.reason), ''), 'Archived without a deal')
    end as reason,
    'pipedrive:' || l.deal_id as deal_id,
    l.modified_at,
    cast(floor(epoch(l.modified_at)) as bigint) as modified_sec
from dated as l
left join crm.pipedrive_user_words as o on lower(trim(l.owner)) = o.word
left join crm.pipedrive_organization_words as g on lower(trim(l.org_name)) = g.word
where not coalesce('true' in (l.is_deleted, l.is_gone), false)
