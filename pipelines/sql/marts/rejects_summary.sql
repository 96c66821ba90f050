-- Values that could not be read, by file, column and reason, with the first as an example.
select
    r.file,
    r.column_name,
    r.reason,
    count(*) as lines,
    cast(sum(case when r.is_line_refused then 1 else 0 end) as bigint) as lines_refused,
    min(r.line) as first_line,
    min_by(r.value, r.line) as example
from raw.rejects as r
group by r.file, r.column_name, r.reason
