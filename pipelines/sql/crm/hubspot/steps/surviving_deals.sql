-- HubSpot deals that were merged into another, each with the deal that stands for it now.
with recursive lost_ids as (
    select merged_deal_id as id, deal_id as survivor from raw.hubspot_merged_deal
    union
    select unnest(regexp_extract_all(merged_ids, '[0-9]+')) as id, id as survivor
    from raw.hubspot_deal
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
