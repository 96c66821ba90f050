-- Signals left out of the comparison, by reason.
select
    ineligible_reason as reason,
    count(*) as deals
from features.decision_points
where not is_eligible
group by ineligible_reason
