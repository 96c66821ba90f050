-- marts.drift, warn
-- What the model is told, and what its percentages mean, are as they were when it was trained.
select d.feature as moved, d."then", d."now"
from marts.drift d
where d.is_moved
order by d.p nulls first, d.measure desc, d.feature
