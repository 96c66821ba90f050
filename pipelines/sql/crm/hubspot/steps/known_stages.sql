-- HubSpot stages that are listed, in each pipeline and by label.
select
    pipeline,
    stage,
    min(place) as place,
    bool_or(is_closed) as is_closed,
    bool_or(is_won) as is_won,
    max(probability) as probability
from crm.hubspot_stage_dictionary
group by pipeline, stage
