-- Pipedrive deals that are no deals any more: deleted, archived, or merged into another.
with merges as (
    select key, merged_into_id as survivor
    from crm.pipedrive_keyed_deals
    where merged_into_id is not null
),

-- Merges chain; two steps back is as far as one export tells.
survivors as (
    select m.key, coalesce(n.survivor, m.survivor) as survivor
    from merges as m
    left join merges as n on m.survivor = n.key and n.survivor <> m.key
)

select
    'pipedrive' as source,
    'pipedrive:' || d.key as deal_id,
    d.removed_as as why,
    d.state as status,
    'pipedrive:' || s.survivor as survivor_id
from crm.pipedrive_keyed_deals as d
left join survivors as s on d.key = s.key
where d.removed_as is not null
