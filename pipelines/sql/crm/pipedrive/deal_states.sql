-- Pipedrive deals as they were: a row for each change of stage, status, value or expected close
-- date that a flow or a changelog tells, with all of them, and one for the creation. What the first
-- change says was there before was there from the creation on, and so was what never changed. A
-- log that knows of stages only leaves values and dates unknown.
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

-- A flow is whole; a log in which no other field ever changes holds stages only.
reach as (
    select key, bool_or(is_whole) as is_whole
    from (
        select
            key,
            bool_or(is_flow or field not in ('add_time', 'stage_id', 'pipeline_id'))
                over (partition by _file) as is_whole
        from changes
    )
    where key is not null
    group by key
),

-- Beside stages a status stands for a stage.
firsts as (
    select
        key,
        min(moment) as moment,
        max(user_id) filter (where field = 'add_time') as created_by,
        max(moment) as newest,
        arg_min_null(old_value, moment) filter (where field = 'stage_id') as stage_id,
        bool_or(field = 'stage_id') as has_stage,
        max(moment) filter (where field = 'stage_id') as moved_at,
        arg_min_null(old_value, moment) filter (where field = 'status') as status,
        arg_max(new_value, moment) filter (where field = 'status') as last_status,
        arg_min_null(old_value, moment) filter (where field = 'value') as value,
        bool_or(field = 'value') as has_value,
        arg_min_null(old_value, moment) filter (where field = 'expected_close_date') as close_on,
        bool_or(field = 'expected_close_date') as has_close_on
    from changes
    where key is not null
    group by key
),

ends as (
    select
        key,
        state,
        case state
            when 'won' then try_cast(won_time as timestamp)
            when 'lost' then lost_at
        end as told_at,
        coalesce(closed_at, try_cast(local_close_date as date) + interval 12 hour) as other_at,
        try_cast(update_time as timestamp) as modified_at,
        moved_at,
        try_cast(add_time as timestamp) as created_at
    from settled
),

ended as (
    select
        key,
        state,
        created_at,
        modified_at,
        moved_at,
        case when state <> 'open' then coalesce(told_at, other_at, modified_at) end as ended_at
    from ends
),

events as (
    select
        d.key,
        least(e.created_at, f.moment) as moment,
        0 as place,
        case
            when f.has_stage then f.stage_id
            -- It was moved since, and no one says from where.
            when d.moved_at is null or d.moved_at <= e.created_at + interval 1 minute
                then d.stage
        end as stage_id,
        coalesce(
            f.status, case when e.ended_at <= e.created_at then e.state end, 'open'
        ) as status,
        case
            when f.has_value then try_cast(f.value as double)
            when r.is_whole then try_cast(d.value as double)
        end as amount,
        case
            when f.has_close_on then try_cast(f.close_on as date)
            when r.is_whole then try_cast(d.expected_close_date as date)
        end as close_on,
        f.created_by as user_id,
        cast(null as boolean) as is_bulk
    from settled as d
    inner join firsts as f on d.key = f.key
    inner join ended as e on d.key = e.key
    inner join reach as r on d.key = r.key
    union all
    select
        key,
        moment,
        1 as place,
        max(new_value) filter (where field = 'stage_id') as stage_id,
        max(lower(new_value)) filter (
            where field = 'status' and lower(new_value) in ('open', 'won', 'lost')
        ) as status,
        max(try_cast(new_value as double)) filter (where field = 'value') as amount,
        max(try_cast(new_value as date)) filter (where field = 'expected_close_date') as close_on,
        max(user_id) as user_id,
        bool_or(is_bulk) as is_bulk
    from changes
    where key is not null and field in ('stage_id', 'status', 'value', 'expected_close_date')
    group by key, moment
    union all
    -- A log older than the deal's row, or without stages: the row says where the deal is since, and
    -- a deal that is open was so when it moved on.
    select
        d.key,
        d.moved_at,
        2 as place,
        d.stage,
        case when d.state = 'open' and d.moved_at > f.newest then 'open' end as status,
        null, null, null, null
    from settled as d
    inner join firsts as f on d.key = f.key
    where
        d.moved_at
        > coalesce(f.moved_at, try_cast(d.add_time as timestamp)) + interval 1 minute
    union all
    -- A log without statuses, or older than the deal's row: the row says how the deal ended, or
    -- that it is open again.
    select
        e.key, coalesce(e.ended_at, e.modified_at), 3 as place, null, e.state, null, null, null,
        null
    from ended as e
    inner join firsts as f on e.key = f.key
    where
        coalesce(lower(f.last_status), 'open') <> e.state
        and case
            when e.state = 'open'
                then
                    e.modified_at > f.newest + interval 1 minute
                    and (e.moved_at is null or e.moved_at <= f.newest)
            else e.ended_at > e.created_at
        end
),

carried as (
    select
        key,
        moment,
        place,
        user_id,
        is_bulk,
        last_value(stage_id ignore nulls) over past as stage_id,
        last_value(status ignore nulls) over past as status,
        last_value(amount ignore nulls) over past as amount,
        last_value(close_on ignore nulls) over past as close_on
    from events
    window past as (
        partition by key order by moment, place rows between unbounded preceding and current row
    )
),

named as (
    select c.*, coalesce(s.name, n.name, c.stage_id) as stage_name
    from carried as c
    left join stages as s on c.stage_id = s.id
    left join labels as n on c.stage_id = n.id
)

select
    'pipedrive' as source,
    'pipedrive:' || key as deal_id,
    concat_ws('/', 'pipedrive:' || key, epoch_ms(moment), place) as state_id,
    moment as changed_at,
    cast(floor(epoch(moment)) as bigint) as changed_sec,
    'pipedrive:' || user_id as changed_by,
    case
        when status = 'won' then 'Won'
        when status = 'lost' then 'Lost'
        -- A stage may be called as an ending is; a deal in it is still open.
        when lower(trim(stage_name)) in ('won', 'lost') then stage_name || ' (stage)'
        else stage_name
    end as stage,
    amount,
    close_on as expected_close_on,
    cast(close_on - date '1970-01-01' as integer) as expected_close_day,
    concat(lpad(cast(epoch_ms(moment) as varchar), 15, '0'), '/', place) as sort_key,
    is_bulk
from named
where moment is not null
