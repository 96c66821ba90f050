-- What date a deal was expected to close on, and when that changed. The first row of a deal is the
-- date it was created with (from_on null). A push is a move to a later day while the deal is open:
-- CRMs overwrite the date on closing, and that save is no push; nor is a date that someone put on
-- many deals at once, or an automation did.
with steps as (
    select
        *,
        lag(expected_close_on) over (partition by deal_id order by seq) as from_on,
        lag(expected_close_day) over (partition by deal_id order by seq) as from_day,
        lag(is_closed) over (partition by deal_id order by seq) as is_from_closed
    from core.deal_states
)

select
    deal_id,
    changed_at,
    from_on,
    expected_close_on as to_on,
    changed_sec,
    changed_day,
    from_day,
    expected_close_day as to_day,
    coalesce(
        expected_close_day > from_day
        and not is_closed
        and not is_from_closed
        and not coalesce(is_bulk, false),
        false
    ) as is_push,
    cast(seq as integer) as seq,
    is_closed as is_at_close,
    coalesce(is_bulk, false) as is_bulk
from steps
where
    (seq = 0 and expected_close_day is not null)
    or (seq > 0 and expected_close_day is distinct from from_day)
