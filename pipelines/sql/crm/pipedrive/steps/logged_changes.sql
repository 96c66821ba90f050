-- Changes of deals that a flow or a changelog of Pipedrive tells. A dump of one deal's history may
-- name the deal in the name of its file or folder only.
with told as (
    select
        deal_id, lower(field_key) as field, old_value, new_value, old_label, new_label,
        additional_data, try_cast(changed_at as timestamp) as moment, user_id, is_bulk,
        false as is_flow, _file
    from raw.pipedrive_deal_change
    union all
    select
        coalesce(item_id, deal_id), lower(field_key), old_value, new_value, old_label, new_label,
        null, coalesce(try_cast(log_time as timestamp), try_cast(timestamp as timestamp)),
        user_id, is_bulk, true, _file
    from raw.pipedrive_flow
    where field_key is not null
)

select
    coalesce(
        deal_id,
        nullif(
            regexp_extract(
                lower(_file),
                '(?:^|[/!_-])(?:deal[_-]?|(?:deals|flow|changelog|participants[a-z]*)/'
                || '|(?:flow|changelog|participants[a-z]*)[_-])([0-9]+)(?:[^0-9]|$)',
                1
            ),
            ''
        )
    ) as key,
    field,
    nullif(trim(old_value), '') as old_value,
    nullif(trim(new_value), '') as new_value,
    coalesce(
        old_label,
        nullif(regexp_extract(additional_data, '"old_value_formatted": ?"([^"]+)"', 1), '')
    ) as old_label,
    coalesce(
        new_label,
        nullif(regexp_extract(additional_data, '"new_value_formatted": ?"([^"]+)"', 1), '')
    ) as new_label,
    moment,
    user_id,
    is_bulk = 'true' as is_bulk,
    is_flow,
    _file
from told
where moment is not null
