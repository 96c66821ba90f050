-- What only the buyer can do, on open deals: replies, meetings held, documents returned, promises
-- kept, people added after the first day, and moves forward to a stage that needs the buyer. A sign
-- counts from when it was known (`day`, `sec`): nobody can act on one that was not yet recorded.
with signs as (
    select
        deal_id,
        known_sec as sec,
        case
            when kind = 'meeting' then 'meeting'
            when kind = 'document' then 'document'
            else 'reply'
        end as sign
    from core.activities
    where is_sign_of_life and deal_id is not null
    union all
    select
        deal_id,
        kept_sec,
        'commitment'
    from core.commitments
    where made_by = 'buyer' and kept_sec is not null
    union all
    select
        c.deal_id,
        c.added_sec,
        'contact'
    from core.deal_contacts as c
    inner join core.deals as d on c.deal_id = d.deal_id
    where c.added_day > d.created_day
    union all
    select
        deal_id,
        changed_sec,
        'stage'
    from core.stage_changes
    where is_forward and is_to_needs_buyer and not is_bulk
)

select
    s.deal_id,
    cast(floor(s.sec / 86400) as integer) as day,
    s.sec,
    s.sign
from signs as s
inner join core.deals as d on s.deal_id = d.deal_id
where s.sec >= d.created_sec and (d.closed_sec is null or s.sec <= d.closed_sec)
