-- raw.files, warn
-- Every file offered was recognised and read.
select path, decision, reason
from raw.files
where decision in ('unrecognised', 'refused')
order by path
