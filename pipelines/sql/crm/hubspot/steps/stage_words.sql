-- Words that a HubSpot stage goes by in its pipeline: its id and its label.
with dictionary as (
    select pipeline, stage_id, stage from crm.hubspot_stage_dictionary
)

select pipeline, lower(word) as word, min(stage) as stage
from (
    select pipeline, stage_id as word, stage from dictionary
    union all
    select pipeline, stage as word, stage from dictionary
)
group by pipeline, lower(word)
