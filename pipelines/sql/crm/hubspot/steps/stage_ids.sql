-- What the id of a HubSpot stage says in whatever pipeline.
select
    lower(stage_id) as word,
    min(stage) as stage,
    bool_or(is_closed) as is_closed,
    bool_or(is_won) as is_won,
    max(probability) as probability
from crm.hubspot_stage_dictionary
group by lower(stage_id)
