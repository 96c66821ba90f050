-- What amount a deal stood at, and when that changed. The first row of a deal is the amount it was
-- created with (from_amount null).
with steps as (
    select
        *,
        lag(amount) over (partition by deal_id order by seq) as from_amount
    from core.deal_states
)

select
    deal_id,
    changed_at,
    from_amount,
    amount as to_amount,
    changed_sec,
    cast(seq as integer) as seq
from steps
where
    (seq = 0 and amount is not null)
    or (seq > 0 and amount is distinct from from_amount)
