-- HubSpot deals, contacts and companies that were merged into another of their kind, each with the one
-- that stands for it now.
with recursive lost_ids as (
    select 'deal' as kind, merged_deal_id as id, deal_id as survivor from raw.hubspot_merged_deal
    union
    select 'deal', unnest(regexp_extract_all(merged_ids, '[0-9]+')), id from raw.hubspot_deal
    union
    select 'contact', unnest(regexp_extract_all(merged_ids, '[0-9]+')), id from raw.hubspot_contact
    union
    select 'company', unnest(regexp_extract_all(merged_ids, '[0-9]+')), id from raw.hubspot_company
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select kind, id, survivor from lost_ids where id <> survivor
    union
    select m.kind, m.id, n.survivor
    from merges as m
    join lost_ids as n on m.kind = n.kind and m.survivor = n.id
    where n.survivor <> m.id and n.survivor <> n.id
)

select m.kind, m.id, min(m.survivor) as survivor
from merges as m
left join merges as next on m.kind = next.kind and m.survivor = next.id
where next.id is null
group by m.kind, m.id
