-- Pipedrive deals as they were: a row for each change of stage, status, value or expected close
-- date that a flow or a changelog tells, with all of them, and one for the creation. What the first
-- change says was there before was there from the creation on, and so was what never changed. A
-- log that knows of stages only leaves values and dates unknown.
with deals as (
    select
        key, state, stage, value, add_time, update_time, moved_at, won_time, lost_at, closed_at,
        local_close_date, expected_close_date
    from crm.pipedrive_keyed_deals
),

changes as (
    select key, field, old_value, new_value, moment, user_id, is_bulk
    from crm.pipedrive_logged_changes
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
    from deals
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
    from deals as d
    inner join firsts as f on d.key = f.key
    inner join ended as e on d.key = e.key
    inner join crm.pipedrive_log_reach as r on d.key = r.key
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
    from deals as d
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
    select c.*, coalesce(s.name, c.stage_id) as stage_name
    from carried as c
    left join crm.pipedrive_stage_names as s on c.stage_id = s.id
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
