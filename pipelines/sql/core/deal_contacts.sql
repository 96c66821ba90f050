-- People on the buyer's side of each deal; the same person counts once, from when first added.
with dated as (
    select
        d.deal_id,
        c.contact_id,
        c.role,
        lower(coalesce(c.title, '')) as title,
        lower(coalesce(c.role, '')) as role_word,
        greatest(c.added_sec, d.created_sec) as added_sec,
        case when c.added_sec < d.created_sec then d.created_at else c.added_at end as added_at,
        row_number() over (
            partition by d.deal_id, c.contact_id order by c.added_sec, c.role
        ) as place
    from crm.deal_contacts as c
    left join core.removals as r on c.deal_id = r.deal_id
    inner join core.deals as d on coalesce(r.survivor_id, c.deal_id) = d.deal_id
    cross join core.parameters as p
    where c.added_sec < p.as_of_end_sec
)

select
    deal_id,
    contact_id,
    role,
    case
        when
            regexp_matches(
                title,
                '\b(chief|c[efiot]o|cmo|coo|cro|cso|svp|evp|avp|vp|vice president|president|director'
                || '|head|owner|founder|co-founder|partner|chair(man|woman)?|managing|general manager'
                || '|gm)\b'
                || '|대표|회장|사장|전무|상무|이사|임원|본부장|부문장|실장|센터장|공장장|원장|총괄'
            )
            or regexp_matches(role_word, 'decision maker|economic|executive|sponsor|의사결정|결재')
            then 'senior'
        when title <> '' or role_word <> '' then 'other'
        else 'unknown'
    end as seniority,
    added_at,
    added_sec,
    cast(floor(added_sec / 86400) as integer) as added_day
from dated
where place = 1
