-- features.decision_points, warn
-- At least twenty sellers have deals that the comparison can use.
select sellers
from (
    select count(distinct seller_id) as sellers from features.decision_points where is_eligible
)
where sellers < 20
