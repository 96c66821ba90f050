-- What each Pipedrive stage is called: those listed, and those that only the changes of deals name.
-- A stage's id is its own in all pipelines.
with listed as (
    select
        s.id,
        s.name,
        coalesce(p.name, s.pipeline_name, s.pipeline_id) as pipeline,
        try_cast(s.order_nr as integer) as place,
        try_cast(s.deal_probability as double) / 100 as probability
    from raw.pipedrive_stage as s
    left join crm.pipedrive_pipeline_names as p on s.pipeline_id = p.id
    qualify row_number() over (
        partition by s.id order by s.update_time desc nulls last, s._file desc, s._line desc
    ) = 1
),

changes as (
    select old_value, old_label, new_value, new_label
    from crm.pipedrive_logged_changes
    where field = 'stage_id'
)

select id, name, pipeline, place, probability, true as is_listed
from listed
union all
select
    id,
    min(label) as name,
    null as pipeline,
    null as place,
    null as probability,
    false as is_listed
from (
    select old_value as id, old_label as label from changes
    union all
    select new_value as id, new_label as label from changes
)
where id is not null and label is not null and id not in (select id from listed)
group by id
