-- Columns of the exports that no contract knows, so that nothing was read from them.
select
    file,
    column_name
from raw.columns
where mapped_to is null
