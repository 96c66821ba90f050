-- How many days after its first indecision signal each deal's buyer first showed life again: who is
-- let go and who is not must be alike in that, too, for sellers act on it.
select
    s.deal_id,
    cast(min(l.day) - s.signal_day as integer) as days_to_next_life
from features.signals as s
left join core.signs_of_life as l on s.deal_id = l.deal_id and l.day > s.signal_day
group by s.deal_id, s.signal_day
