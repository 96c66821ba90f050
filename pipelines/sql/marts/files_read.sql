-- Every file that was offered, and what was done with it. A file whose lines were read on an
-- earlier night and have not changed counts as read.
select
    path,
    kind,
    rows,
    rejected_rows,
    case when decision in ('loaded', 'unchanged') then 'read' else decision end as decision,
    reason,
    encoding,
    delimiter,
    bytes
from raw.files
