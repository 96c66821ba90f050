-- features.decision_points, warn
-- At least as many sellers as the settings ask for have deals that the comparison can use.
select f.sellers
from (
    select count(distinct seller_id) as sellers from features.decision_points where is_eligible
) f
cross join core.parameters p
where f.sellers < p.min_sellers
