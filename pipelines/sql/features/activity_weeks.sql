-- What was learned of a deal's activities in each week (known week: when it had happened and was
-- recorded), only weeks with something. meetings_booked is a change: plus one when a meeting is
-- put in the calendar, minus one when its time has come or it is called off.
with acts as (
    select
        deal_id,
        week,
        case when is_touch then 1 else 0 end as touches,
        case when is_reply then 1 else 0 end as replies,
        case when kind = 'meeting' and is_sign_of_life then 1 else 0 end as meetings_held,
        0 as meetings_booked,
        case when is_touch then happened_day end as touch_day,
        case when is_reply then happened_day end as reply_day,
        case when kind = 'meeting' and is_sign_of_life then happened_day end as meeting_day
    from core.activities
    where deal_id is not null

    union all

    select
        deal_id,
        cast(floor((p.as_of_end_sec - 1 - recorded_sec) / 604800) as integer),
        0,
        0,
        0,
        1,
        null,
        null,
        null
    from core.activities
    cross join core.parameters as p
    where deal_id is not null and booked_until_sec is not null

    union all

    select
        deal_id,
        cast(floor((p.as_of_end_sec - 1 - booked_until_sec) / 604800) as integer),
        0,
        0,
        0,
        -1,
        null,
        null,
        null
    from core.activities
    cross join core.parameters as p
    where deal_id is not null and booked_until_sec < p.as_of_end_sec
)

select
    deal_id,
    week,
    cast(sum(touches) as integer) as touches,
    cast(sum(replies) as integer) as replies,
    cast(sum(meetings_held) as integer) as meetings_held,
    cast(sum(meetings_booked) as integer) as meetings_booked,
    max(touch_day) as last_touch_day,
    max(reply_day) as last_reply_day,
    max(meeting_day) as last_meeting_day
from acts
group by deal_id, week
