-- Pipedrive pipelines and what each is called, by its latest line.
select id, name
from raw.pipedrive_pipeline
qualify row_number() over (
    partition by id order by update_time desc nulls last, _file desc, _line desc
) = 1
