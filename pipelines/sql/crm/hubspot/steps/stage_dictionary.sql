-- HubSpot stages in each pipeline, by id and label: where they stand, and what they say of a deal.
select
    coalesce(n.label, s.pipeline_label, s.pipeline_id, 'default') as pipeline,
    s.stage_id,
    s.stage,
    try_cast(s.display_order as integer) as place,
    -- A stage from which nothing can be won ends a deal, whatever else is said of it.
    case
        when 'true' in (s.is_closed, s.closed_won) or q.probability = 0 then true
        else coalesce(s.is_closed = 'true', q.probability = 1)
    end as is_closed,
    coalesce(
        s.closed_won = 'true',
        case when s.is_closed = 'false' then false else q.probability = 1 end
    ) as is_won,
    q.probability
from crm.hubspot_listed_stages as s
left join crm.hubspot_pipeline_names as n on lower(s.pipeline_id) = n.word
cross join lateral (
    select
        case
            when try_cast(s.probability as double) > 1
                then try_cast(s.probability as double) / 100
            else try_cast(s.probability as double)
        end as probability
) as q
where s.stage_id is not null and s.stage is not null
qualify row_number() over (
    partition by coalesce(n.label, s.pipeline_label, s.pipeline_id, 'default'), s.stage_id
    order by s.modified_at desc nulls last, s._file desc, s._line desc
) = 1
