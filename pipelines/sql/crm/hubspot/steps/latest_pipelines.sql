-- HubSpot pipelines, each by its latest line.
select pipeline_id, label, stages, dlt_id, modified_at, _file, _line
from raw.hubspot_pipeline
qualify row_number() over (
    partition by pipeline_id order by modified_at desc nulls last, _file desc, _line desc
) = 1
