-- How much the log of each Pipedrive deal tells: a flow is whole; a log in which no other field
-- ever changes holds stages only.
select key, bool_or(is_whole) as is_whole
from (
    select
        key,
        bool_or(is_flow or field not in ('add_time', 'stage_id', 'pipeline_id'))
            over (partition by _file) as is_whole
    from crm.pipedrive_logged_changes
)
where key is not null
group by key
