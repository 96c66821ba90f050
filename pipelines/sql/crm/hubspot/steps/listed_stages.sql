-- HubSpot stages as exports list them, in a table of their own or in their pipeline's cell.
with pipelines as (
    select pipeline_id, label, stages, dlt_id, modified_at, _file, _line
    from crm.hubspot_latest_pipelines
)

select
    coalesce(s.pipeline_id, p.pipeline_id) as pipeline_id,
    s.pipeline_label,
    s.stage_id,
    s.stage_label as stage,
    s.display_order,
    s.is_closed,
    s.closed_won,
    s.probability,
    s.modified_at,
    s._file,
    s._line
from raw.hubspot_pipeline_stage as s
left join pipelines as p on s.dlt_parent_id = p.dlt_id
union all
select
    pipeline_id,
    label as pipeline_label,
    coalesce(cell ->> '$.stageId', cell ->> '$.id') as stage_id,
    cell ->> '$.label' as stage,
    coalesce(cell ->> '$.displayOrder', cell ->> '$.display_order') as display_order,
    lower(coalesce(cell ->> '$.metadata.isClosed', cell ->> '$.isClosed')) as is_closed,
    lower(cell ->> '$.closedWon') as closed_won,
    coalesce(cell ->> '$.metadata.probability', cell ->> '$.probability') as probability,
    modified_at,
    _file,
    _line
from (
    select
        *,
        unnest(
            case when json_valid(stages) then json_extract(stages, '$[*]') else [] end
        ) as cell
    from pipelines
)
