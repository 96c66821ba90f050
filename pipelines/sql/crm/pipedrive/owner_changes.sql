-- Changes of owner that a flow or a changelog of Pipedrive deals tells.
with -- A dump of one deal's history may name the deal in the name of its file or folder only.
told as (
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
),

changes as (
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
),

-- A seller goes by the id, by the name or by the address.
people as (
    select word, min(id) as id
    from (
        select id as word, id from raw.pipedrive_user
        union all
        select lower(trim(name)) as word, id from raw.pipedrive_user
        union all
        select lower(trim(email)) as word, id from raw.pipedrive_user
    )
    where word <> ''
    group by word
)

select
    'pipedrive' as source,
    'pipedrive:' || c.key as deal_id,
    c.moment as changed_at,
    cast(floor(epoch(c.moment)) as bigint) as changed_sec,
    'pipedrive:' || coalesce(f.id, c.old_value) as from_seller_id,
    'pipedrive:' || coalesce(t.id, c.new_value) as to_seller_id,
    'pipedrive:' || max(c.user_id) as changed_by,
    bool_or(c.is_bulk) as is_bulk
from changes as c
left join people as f on lower(c.old_value) = f.word
left join people as t on lower(c.new_value) = t.word
where
    c.key is not null
    and c.field in ('user_id', 'owner_id')
    and c.new_value is distinct from c.old_value
group by c.key, c.moment, f.id, c.old_value, t.id, c.new_value
