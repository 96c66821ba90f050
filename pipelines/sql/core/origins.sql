-- Where each buyer comes from: borrowed (through a partner or a referral), brought (a present
-- supplier is on record), shared (the supplier stays beside us, which only the deal's type or the
-- reason of a win can tell), direct (a known source, and no supplier on record where suppliers are
-- recorded at all), else unknown. `origin` reads the rows as they are today; `origin_found` leaves
-- out what only a win can have, so that rates may be told by it. The others are what may be known
-- on a day: from the start where the source sets the lead source then (core.creation_facts); once
-- a supplier is on record with its date; and without one, after the first that the source dated.
with said as (
    select
        d.deal_id,
        d.source,
        d.lead_source,
        lower(trim(coalesce(d.lead_source, ''))) as came_by,
        coalesce(v.incumbent, a.incumbent) as incumbent,
        lower(trim(coalesce(d.deal_type, ''))) as type_word,
        case
            when coalesce(d.is_won, true) then lower(trim(coalesce(d.won_reason, '')))
            else ''
        end as won_word,
        case
            when d.is_won then lower(trim(coalesce(d.lost_reason, '')))
            else ''
        end as ended_word
    from crm.deals as d
    left join core.removals as r on d.deal_id = r.deal_id and r.is_left_out
    left join crm.accounts as a on d.account_id = a.account_id
    left join crm.accounts as v on a.survivor_id = v.account_id
    where r.deal_id is null
),

dated as (
    select distinct coalesce(r.survivor_id, o.deal_id) as deal_id
    from crm.options as o
    left join core.removals as r on o.deal_id = r.deal_id
    cross join core.parameters as p
    where o.kind = 'incumbent' and o.offered_sec < p.as_of_end_sec
),

known as (
    select
        s.*,
        coalesce(c.says, '') as came_says,
        case when coalesce(n.says, '') = '' then nullif(trim(s.incumbent), '') end as supplier,
        coalesce(n.says = 'nobody', false) as has_none,
        o.deal_id is not null as is_dated,
        coalesce(t.says, '') as type_says,
        coalesce(w.says, e.says, '') as won_says
    from said as s
    left join core.origin_words as c on c.field = 'came_by' and s.came_by = c.text
    left join core.origin_words as n
        on n.field = 'supplier' and lower(trim(s.incumbent)) = n.text
    left join core.origin_words as t on t.field = 'ended' and s.type_word = t.text
    left join core.origin_words as w on w.field = 'ended' and s.won_word = w.text
    left join core.origin_words as e on e.field = 'ended' and s.ended_word = e.text
    left join dated as o on s.deal_id = o.deal_id
),

-- A source that never names a supplier does not say that nobody has one.
sources as (
    select
        source,
        max(case when supplier is not null or has_none or is_dated then 1 else 0 end) = 1
            as is_supplier_recorded
    from known
    group by source
),

since as (
    select
        d.source,
        min(greatest(o.offered_sec, d.created_sec)) as suppliers_since_sec
    from crm.options as o
    inner join crm.deals as d on o.deal_id = d.deal_id
    where o.kind = 'incumbent'
    group by d.source
),

judged as (
    select
        k.*,
        s.is_supplier_recorded,
        k.came_says = 'borrowed' as is_borrowed,
        k.came_by <> '' and k.came_says <> 'unknown' as is_source_told,
        k.supplier is not null or k.is_dated or k.type_says in ('stays', 'leaves') as has_supplier,
        f.source is not null as is_told_at_start
    from known as k
    inner join sources as s on k.source = s.source
    left join core.creation_facts as f on k.source = f.source and f.attribute = 'lead_source'
)

select
    j.deal_id,
    case
        when j.is_borrowed then 'borrowed'
        when 'stays' in (j.type_says, j.won_says) then 'shared'
        when j.has_supplier or j.won_says = 'leaves' then 'brought'
        when j.is_source_told and (j.is_supplier_recorded or j.has_none) then 'direct'
        else 'unknown'
    end as origin,
    case
        when j.is_borrowed then 'borrowed'
        when j.has_supplier then 'brought'
        when j.is_source_told and (j.is_supplier_recorded or j.has_none) then 'direct'
        else 'unknown'
    end as origin_found,
    j.supplier,
    case when j.is_told_at_start and j.is_borrowed then 'borrowed' else 'unknown' end
        as origin_at_start,
    case
        when not j.is_told_at_start then 'unknown'
        when j.is_borrowed then 'borrowed'
        when j.is_source_told then 'direct'
        else 'unknown'
    end as origin_without_supplier,
    case when j.is_told_at_start and j.is_borrowed then 'borrowed' else 'brought' end
        as origin_with_supplier,
    m.suppliers_since_sec,
    nullif(coalesce(nullif(j.won_word, ''), j.ended_word), '') as won_reason,
    coalesce('stays' in (j.type_says, j.won_says), false) as is_said_to_stay
from judged as j
left join since as m on j.source = m.source
