-- HubSpot contacts that were merged into another, each with the contact that stands for it now.
with recursive lost_ids as (
    select unnest(regexp_extract_all(merged_ids, '[0-9]+')) as id, id as survivor
    from raw.hubspot_contact
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select id, survivor from lost_ids where id <> survivor
    union
    select m.id, n.survivor
    from merges as m
    join lost_ids as n on m.survivor = n.id
    where n.survivor <> m.id and n.survivor <> n.id
)

select id, min(survivor) as survivor
from merges
where survivor not in (select id from merges)
group by id
