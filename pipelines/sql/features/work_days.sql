-- Seller time by deal, seller and day (by account where an act is on no deal), in seconds: the
-- minutes logged, a logged day counting as eight hours at most, else the minutes that the settings
-- give such an act. Time of automata, and of meetings called off or still ahead, is nobody's.
with acts as (
    select
        a.deal_id,
        a.account_id,
        a.seller_id,
        a.happened_day as day,
        case when a.minutes is not null then least(a.minutes, 480) end as logged_minutes,
        case a.kind
            when 'email' then p.minutes_email
            when 'call' then p.minutes_call
            when 'meeting' then p.minutes_meeting
            when 'message' then p.minutes_message
            when 'note' then p.minutes_note
            when 'task' then p.minutes_task
            when 'document' then p.minutes_document
        end as usual_minutes
    from core.activities as a
    cross join core.parameters as p
    where not a.is_automatic and a.status not in ('booked', 'cancelled')
)

select
    deal_id,
    account_id,
    seller_id,
    day,
    cast(sum(cast(round(60 * coalesce(logged_minutes, usual_minutes)) as bigint)) as bigint)
        as seconds,
    cast(coalesce(sum(cast(round(60 * logged_minutes) as bigint)), 0) as bigint) as logged_seconds
from acts
group by deal_id, account_id, seller_id, day
