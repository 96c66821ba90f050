-- raw.files, error
-- Every line offered was read or is kept among the refused ones, with its reason.
select
    f.path,
    f.rejected_rows,
    coalesce(r.refused, 0) as kept
from raw.files as f
left join (
    select
        file,
        count(*) as refused
    from raw.rejects
    where is_line_refused
    group by file
) as r on f.path = r.file
where f.decision in ('loaded', 'unchanged') and f.rejected_rows <> coalesce(r.refused, 0)
order by f.path
