-- raw.files, warn
-- No more than one line in a hundred of a file was refused, titles and footers apart.
select
    f.path,
    f.rows,
    r.refused as rejected_rows
from raw.files as f
inner join (
    select
        file,
        count(*) as refused
    from raw.rejects
    where is_line_refused and reason not in ('footer', 'above the header')
    group by file
) as r on f.path = r.file
where f.decision in ('loaded', 'unchanged') and r.refused > 0.01 * (f.rows + r.refused)
order by f.path
