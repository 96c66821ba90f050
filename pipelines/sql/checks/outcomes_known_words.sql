-- core.outcomes, error
-- Every outcome is one of the eight, and says by which rule.
select deal_id, outcome, rule
from core.outcomes
where outcome not in ('won', 'lost_to_competitor', 'disqualified', 'no_decision', 'seller_drop',
                      'unknown_loss', 'open', 'excluded')
   or outcome is null or rule is null
order by deal_id
