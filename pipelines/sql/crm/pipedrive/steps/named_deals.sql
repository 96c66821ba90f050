-- The pipeline and the stage that each Pipedrive deal is in, by their names.
select
    d.key,
    coalesce(s.pipeline, p.name, d.pipeline, 'default') as pipeline,
    coalesce(s.name, d.stage) as stage
from crm.pipedrive_keyed_deals as d
left join crm.pipedrive_stage_names as s on d.stage = s.id
left join crm.pipedrive_pipeline_names as p on d.pipeline = p.id
