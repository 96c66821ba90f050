-- Columns of lists of deals that no contract knows. Of what stands in one only today's value is on
-- the row, and no day from which it was so.
select distinct
    regexp_replace(f.kind, '_(deal|opportunity)$', '') as source,
    c.column_name as field
from raw.columns as c
inner join raw.files as f on c.file = f.path
where
    c.mapped_to is null
    and nullif(trim(c.column_name), '') is not null
    and (f.kind like '%\_deal' escape '\' or f.kind like '%\_opportunity' escape '\')
