-- People on the buyer's side of each HubSpot deal. When they were added is not told.
with contacts as (
    select *
    from raw.hubspot_contact
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

told as (
    select deal_id, contact_id, label from raw.hubspot_deal_contact
    union all
    select id, unnest(regexp_extract_all(contact_ids, '[0-9]+')), null
    from crm.hubspot_latest_deals
),

people as (
    select
        coalesce(s.survivor, t.deal_id) as deal_id,
        coalesce(m.survivor, t.contact_id) as contact_id,
        min(t.label) as label
    from told as t
    left join crm.hubspot_survivors as s on s.kind = 'deal' and t.deal_id = s.id
    left join crm.hubspot_survivors as m on m.kind = 'contact' and t.contact_id = m.id
    group by 1, 2
)

select
    'hubspot' as source,
    'hubspot:' || p.deal_id as deal_id,
    'hubspot:' || p.contact_id as contact_id,
    coalesce(p.label, c.buying_role) as role,
    c.title,
    cast(null as timestamp) as added_at,
    cast(null as bigint) as added_sec
from people as p
left join contacts as c on p.contact_id = c.id
where not coalesce('true' in (c.is_deleted, c.is_gone, c.is_archived), false)
