-- raw.files, warn
-- No more than one line in a hundred of a file was refused.
select path, rows, rejected_rows
from raw.files
where decision in ('loaded', 'unchanged') and rejected_rows > 0.01 * (rows + rejected_rows)
order by path
