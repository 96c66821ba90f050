-- What each HubSpot pipeline is called, by its id.
with pipelines as (
    select pipeline_id, label from crm.hubspot_latest_pipelines
)

select lower(word) as word, min(label) as label
from (
    select pipeline_id as word, label from pipelines
    union all
    select pipeline_id, pipeline_label
    from crm.hubspot_listed_stages
    where pipeline_id not in (select pipeline_id from pipelines)
)
where word is not null and label is not null
group by lower(word)
