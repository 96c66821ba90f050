-- Dated promises on deals: the buyer's where the system or the wording says so, else the seller's,
-- whose list of tasks it is.
with dated as (
    select
        c.commitment_id,
        c.made_at,
        c.made_sec,
        c.due_on,
        c.due_day,
        c.kept_at,
        c.kept_sec,
        d.deal_id,
        d.created_at,
        d.created_sec,
        coalesce(c.made_by, s.made_by, 'seller') as promised_by,
        greatest(c.made_sec, d.created_sec) as since_sec,
        p.as_of_end_sec
    from crm.commitments as c
    left join core.removals as r on c.deal_id = r.deal_id
    inner join core.deals as d on coalesce(r.survivor_id, c.deal_id) = d.deal_id
    cross join core.parameters as p
    left join core.subject_classes as s on c.subject = s.subject
    where c.made_sec < p.as_of_end_sec
)

select
    deal_id,
    commitment_id,
    case when made_sec < created_sec then created_at else made_at end as made_at,
    due_on,
    case
        when kept_sec < as_of_end_sec
            then case when kept_sec < since_sec then created_at else kept_at end
    end as kept_at,
    promised_by as made_by,
    since_sec as made_sec,
    due_day,
    case when kept_sec < as_of_end_sec then greatest(kept_sec, since_sec) end as kept_sec
from dated
