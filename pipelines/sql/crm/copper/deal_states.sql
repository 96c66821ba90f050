-- Changes of stage and of status that Copper's activities log. They hold no amounts and no dates.
-- Stages stand in a table of their own or in their pipeline's cell.
with told_stages as (
    select id, name, pipeline_id, try_cast(win_probability as double) as win_probability
    from raw.copper_pipeline_stage
    union all
    select
        cell ->> '$.id' as id,
        cell ->> '$.name' as name,
        pipeline_id,
        try_cast(cell ->> '$.win_probability' as double) as win_probability
    from (
        select
            id as pipeline_id,
            unnest(
                case when json_valid(stages) then json_extract(stages, '$[*]') else [] end
            ) as cell
        from raw.copper_pipeline
    )
),

changes as (
    select
        id,
        parent_id,
        user_id,
        coalesce(s.name, a.new_value) as stage,
        a.happened_at
    from raw.copper_activity as a
    left join (
        select id as stage_id, min(name) as name from told_stages group by id
    ) as s on a.new_value = s.stage_id
    where
        lower(a.parent_type) = 'opportunity'
        and lower(a.type_category) = 'system'
        and a.new_value is not null
    qualify row_number() over (
        partition by a.id order by a.modified_at desc nulls last, a._file desc, a._line desc
    ) = 1
)

select
    'copper' as source,
    'copper:' || parent_id as deal_id,
    'copper:' || id as state_id,
    try_cast(happened_at as timestamp) as changed_at,
    cast(epoch(try_cast(happened_at as timestamp)) as bigint) as changed_sec,
    'copper:' || user_id as changed_by,
    stage,
    cast(null as double) as amount,
    cast(null as date) as expected_close_on,
    cast(null as integer) as expected_close_day,
    id as sort_key,
    cast(null as boolean) as is_bulk
from changes
