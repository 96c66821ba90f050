-- Stages that Zoho deals and their history name, in the order of the probability they carry.
with words as (
    select coalesce(pipeline, 'default') as pipeline, stage, probability
    from raw.zoho_deal
    union all
    select p.pipeline, h.stage, h.probability
    from raw.zoho_stage_history as h
    cross join (select distinct coalesce(pipeline, 'default') as pipeline from raw.zoho_deal) as p
)

select
    'zoho' as source,
    pipeline,
    stage,
    cast(round(max(try_cast(probability as double))) as integer) as stage_order,
    cast(null as boolean) as is_closed,
    cast(null as boolean) as is_won,
    max(try_cast(probability as double)) / 100 as crm_probability
from words
where stage is not null
group by pipeline, stage
