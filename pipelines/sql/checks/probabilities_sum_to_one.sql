-- marts.stall_scores, error
-- Every probability is between 0 and 1, and both sets of endings sum to one.
select deal_id, horizon_days
from marts.stall_scores
where abs(p_no_decision + p_won + p_lost_to_competitor + p_disqualified + p_other + p_open - 1)
        > 1e-9
   or abs(p_no_decision_if_pursued + p_won_if_pursued + p_lost_to_competitor_if_pursued
          + p_other_if_pursued + p_open_if_pursued - 1) > 1e-9
   or least(p_no_decision, p_won, p_lost_to_competitor, p_disqualified, p_other, p_open,
            p_no_decision_if_pursued, p_won_if_pursued, p_lost_to_competitor_if_pursued,
            p_other_if_pursued, p_open_if_pursued) < 0
order by deal_id, horizon_days
