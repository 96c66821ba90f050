-- Pipedrive deals as they stand in the export; those deleted, archived or merged are in removals. A
-- deal keeps the stage that it was won or lost in, so its status stands for the stage then.
with deals as (
    select
        *,
        coalesce(
            id,
            concat_ws(' / ', title, org_name, cast(try_cast(add_time as timestamp) as date))
        ) as key
    from raw.pipedrive_deal
),

latest as (
    select *
    from deals
    qualify row_number() over (
        partition by key
        order by
            try_cast(update_time as timestamp) desc nulls last, synced_at desc nulls last,
            _file desc, _line desc
    ) = 1
),

-- A dump of one deal's history may name the deal in the name of its file or folder only.
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

pipelines as (
    select id, name
    from raw.pipedrive_pipeline
    qualify row_number() over (
        partition by id order by update_time desc nulls last, _file desc, _line desc
    ) = 1
),

-- A stage's id is its own in all pipelines; without a list of stages the flow may tell its name.
stages as (
    select
        s.id,
        s.name,
        coalesce(p.name, s.pipeline_name, s.pipeline_id) as pipeline,
        try_cast(s.order_nr as integer) as place,
        try_cast(s.deal_probability as double) / 100 as probability
    from raw.pipedrive_stage as s
    left join pipelines as p on s.pipeline_id = p.id
    qualify row_number() over (
        partition by s.id order by s.update_time desc nulls last, s._file desc, s._line desc
    ) = 1
),

labels as (
    select id, min(label) as name
    from (
        select old_value as id, old_label as label from changes where field = 'stage_id'
        union all
        select new_value, new_label from changes where field = 'stage_id'
    )
    where id is not null and label is not null and id not in (select id from stages)
    group by id
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
),

-- An organization's name tells which it is where only one has it.
organizations as (
    select lower(trim(name)) as word, min(id) as id
    from (
        select id, name from raw.pipedrive_organization
        union all
        select org_id, org_name from raw.pipedrive_deal where regexp_full_match(org_id, '[0-9]+')
    )
    where trim(name) <> ''
    group by lower(trim(name))
    having count(distinct id) = 1
),

settled as (
    select
        *,
        case
            when status_word in ('open', 'won', 'lost') then status_word
            when won_at is null and lost_at is null then 'open'
            when lost_at is null or won_at > lost_at then 'won'
            else 'lost'
        end as state
    from (
        select
            *,
            lower(trim(status)) as status_word,
            coalesce(try_cast(won_time as timestamp), try_cast(first_won_time as timestamp))
                as won_at,
            try_cast(lost_time as timestamp) as lost_at,
            try_cast(close_time as timestamp) as closed_at,
            try_cast(stage_change_time as timestamp) as moved_at
        from latest
    )
),

named as (
    select
        l.*,
        -- A landing may keep a nested object as text.
        coalesce(
            nullif(regexp_extract(l.owner, '^\{.*["'']id["''] ?: ?"?([0-9]+)', 1), ''), l.owner
        ) as owner_word,
        coalesce(
            nullif(regexp_extract(l.org_id, '^\{.*["'']value["''] ?: ?"?([0-9]+)', 1), ''),
            nullif(regexp_extract(l.org_id, '^([^{].*)$', 1), '')
        ) as org_key,
        coalesce(s.pipeline, p.name, l.pipeline, 'default') as pipeline_name,
        coalesce(s.name, n.name, l.stage) as stage_name,
        case l.state
            when 'won' then coalesce(try_cast(l.won_time as timestamp), l.closed_at)
            when 'lost' then coalesce(l.lost_at, l.closed_at)
        end as ended_at
    from settled as l
    left join stages as s on l.stage = s.id
    left join labels as n on l.stage = n.id
    left join pipelines as p on l.pipeline = p.id
),

dated as (
    select
        *,
        case
            when state = 'open' then try_cast(expected_close_date as date)
            else coalesce(cast(ended_at as date), try_cast(local_close_date as date))
        end as close_on
    from named
)

select
    'pipedrive' as source,
    'pipedrive:' || d.key as deal_id,
    d.key as source_id,
    'pipedrive:' || coalesce(d.org_key, g.id, nullif(trim(d.org_name), '')) as account_id,
    'pipedrive:' || coalesce(o.id, d.owner_word) as seller_id,
    d.pipeline_name as pipeline,
    d.title as name,
    try_cast(d.value as double) as amount,
    d.currency,
    try_cast(d.add_time as timestamp) as created_at,
    cast(floor(epoch(try_cast(d.add_time as timestamp))) as bigint) as created_sec,
    d.close_on,
    cast(d.close_on - date '1970-01-01' as integer) as close_day,
    d.state <> 'open' as is_closed,
    d.state = 'won' as is_won,
    case
        when d.state = 'won' then 'Won'
        when d.state = 'lost' then 'Lost'
        -- A stage may be called as an ending is; a deal in it is still open.
        when lower(trim(d.stage_name)) in ('won', 'lost') then d.stage_name || ' (stage)'
        else d.stage_name
    end as stage,
    case when d.state = 'open' then try_cast(d.probability as double) / 100 end
        as crm_probability,
    -- The reason stays on a deal that was opened again.
    case when d.state = 'lost' then nullif(trim(d.lost_reason), '') end as lost_reason,
    case when d.state = 'lost' then nullif(trim(d.lost_reason_detail), '') end
        as lost_reason_detail,
    nullif(trim(d.competitor), '') as competitor,
    coalesce(
        nullif(trim(d.lead_source), ''),
        -- How a deal was typed in says nothing of where the customer came from.
        case
            when
                not regexp_matches(
                    lower(d.origin), '^(manual|import|api|auto|bulk|deal|lead|copy)'
                )
                then d.origin
        end
    ) as lead_source,
    d.type as deal_type,
    try_cast(d.return_date as date) as return_on,
    cast(try_cast(d.return_date as date) - date '1970-01-01' as integer) as return_day,
    cast(
        floor(
            epoch(
                case
                    when d.state = 'open' then try_cast(d.stage_change_time as timestamp)
                    else d.ended_at
                end
            )
        ) as bigint
    ) as last_stage_change_sec,
    try_cast(d.update_time as timestamp) as modified_at,
    cast(floor(epoch(try_cast(d.update_time as timestamp))) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case
        when
            h.key is not null
            and (
                h.has_stage
                or d.moved_at is null
                or d.moved_at <= try_cast(d.add_time as timestamp) + interval 1 minute
            )
            then 'full'
        when d.stage_change_time is not null then 'last_change'
        else 'none'
    end as history_level,
    case
        when d.state = 'open' and (d.won_at is not null or d.lost_at is not null) then true
        when d.state = 'won' and try_cast(d.first_won_time as timestamp) < d.ended_at then true
        when d.state = 'won' and d.lost_at < d.ended_at then true
        when d.state = 'lost' and d.won_at < d.ended_at then true
    end as reopened_hint,
    cast(floor(epoch(try_cast(d.last_incoming_mail_time as timestamp))) as bigint)
        as last_inbound_sec,
    cast(floor(epoch(try_cast(d.last_outgoing_mail_time as timestamp))) as bigint)
        as last_outbound_sec
from dated as d
left join people as o on lower(trim(d.owner_word)) = o.word
left join organizations as g on lower(trim(d.org_name)) = g.word
left join (
    select key, bool_or(field = 'stage_id') as has_stage from changes group by key
) as h on d.key = h.key
where
    coalesce(d.status_word, '') <> 'deleted'
    and not coalesce('true' in (d.is_deleted, d.is_gone), false)
    and d.deleted_at is null
    and coalesce(lower(d.archive_status), '') not in ('archived', 'true', 'yes', '1')
    and d.merged_into_id is null
