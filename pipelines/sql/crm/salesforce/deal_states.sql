-- Salesforce deals as they once stood. OpportunityHistory has a row per save of a deal, holding
-- every value it then had. A deal without it takes the versions that a landing has kept, else its states
-- are put together from the changes of its tracked fields.
with named as not materialized (
    select
        * replace (
            -- Some exports leave the id out: a row of equal values is then the same save.
            coalesce(
                id,
                concat_ws('/', opportunity_id, created_date, stage_name, close_date, amount)
            ) as id
        )
    from raw.salesforce_opportunity_history
    where opportunity_id is not null
),

-- Nearly every id stands once; only the others have lines to put in order.
repeated as (
    select id
    from named
    group by id
    having count(*) > 1
),

latest as (
    select *
    from named
    where id not in (select id from repeated)
    union all
    (
        select *
        from named
        where id in (select id from repeated)
        qualify row_number() over (
            partition by id
            order by
                system_modstamp desc nulls last, synced_at desc nulls last, _file desc, _line desc
        ) = 1
    )
),

saves as (
    select
        opportunity_id,
        id,
        try_cast(created_date as timestamp) as changed_at,
        created_by_id as changed_by,
        stage_name as stage,
        try_cast(amount as double) as amount,
        try_cast(close_date as date) as expected_close_on,
        -- Stamps are whole seconds, and ids rise with time within one.
        id as sort_key
    from latest
    where
        coalesce(is_deleted, 'false') <> 'true'
        and coalesce(is_gone, 'false') <> 'true'
        and gone_at is null
        and try_cast(created_date as timestamp) is not null
),

deals as (
    select *
    from raw.salesforce_opportunity
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- A version begins when the landing saw it; what changed had changed by then.
versions as (
    select
        id as opportunity_id,
        concat_ws('/', id, version_start) as id,
        coalesce(
            least(
                try_cast(coalesce(last_modified_date, system_modstamp) as timestamp),
                try_cast(version_start as timestamp)
            ),
            try_cast(version_start as timestamp)
        ) as changed_at,
        last_modified_by_id as changed_by,
        stage_name as stage,
        try_cast(amount as double) as amount,
        try_cast(close_date as date) as expected_close_on,
        cast(version_start as varchar) as sort_key
    from raw.salesforce_opportunity
    where
        version_start is not null
        and id not in (select opportunity_id from saves)
    qualify row_number() over (
        partition by id, version_start order by synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

changes as (
    select
        h.opportunity_id,
        coalesce(h.id, concat_ws('/', h._file, h._line)) as id,
        try_cast(h.created_date as timestamp) as changed_at,
        h.created_by_id as changed_by,
        case regexp_replace(lower(h.field), '[^a-z]', '', 'g')
            when 'stagename' then 'stage'
            when 'stage' then 'stage'
            when 'closedate' then 'close_date'
            when 'amount' then 'amount'
        end as field,
        nullif(trim(h.old_value), '') as old_value,
        nullif(trim(h.new_value), '') as new_value
    from raw.salesforce_opportunity_field_history as h
    where
        coalesce(h.is_deleted, 'false') <> 'true'
        and coalesce(h.is_gone, 'false') <> 'true'
        and h.gone_at is null
        and h.opportunity_id is not null
        and try_cast(h.created_date as timestamp) is not null
    qualify row_number() over (
        partition by coalesce(h.id, concat_ws('/', h._file, h._line))
        order by h.synced_at desc nulls last, h._file desc, h._line desc
    ) = 1
),

-- What no change tells of a tracked field has always been as it is; of another nothing is known.
-- A value is in a box, so that a field that was emptied is told from one that did not change.
tracked as (
    select
        min(changed_at) as since,
        bool_or(field = 'close_date') as has_close_dates,
        bool_or(field = 'amount') as has_amounts
    from changes
),

firsts as (
    select
        opportunity_id,
        min(changed_at) as first_at,
        arg_min({'it': old_value}, (changed_at, id)) filter (where field = 'stage') as stage,
        arg_min({'it': old_value}, (changed_at, id)) filter (where field = 'close_date')
            as close_date,
        arg_min({'it': old_value}, (changed_at, id)) filter (where field = 'amount') as amount
    from changes
    where field is not null
    group by opportunity_id
),

moments as (
    select
        f.opportunity_id,
        f.opportunity_id || '/first' as id,
        -- What a deal was before its fields were tracked is not known.
        case
            when try_cast(d.created_date as timestamp) >= t.since
                then try_cast(d.created_date as timestamp)
            else f.first_at
        end as changed_at,
        cast(null as varchar) as changed_by,
        coalesce(f.stage, {'it': d.stage_name}) as stage,
        coalesce(
            f.close_date,
            case when t.has_close_dates then {'it': cast(d.close_date as varchar)} end
        ) as close_date,
        coalesce(
            f.amount, case when t.has_amounts then {'it': cast(d.amount as varchar)} end
        ) as amount,
        0 as step
    from firsts as f
    cross join tracked as t
    join deals as d on f.opportunity_id = d.id
    union all
    select
        opportunity_id,
        id,
        changed_at,
        changed_by,
        case when field = 'stage' then {'it': new_value} end,
        case when field = 'close_date' then {'it': new_value} end,
        case when field = 'amount' then {'it': new_value} end,
        1
    from changes
    where field is not null and opportunity_id in (select id from deals)
),

filled as (
    select
        opportunity_id,
        id,
        changed_at,
        changed_by,
        last_value(stage ignore nulls) over so_far as stage,
        last_value(close_date ignore nulls) over so_far as close_date,
        last_value(amount ignore nulls) over so_far as amount,
        step,
        row_number() over (
            partition by opportunity_id, changed_at, step order by id desc
        ) as from_last
    from moments
    where
        opportunity_id not in (select opportunity_id from saves)
        and opportunity_id not in (select opportunity_id from versions)
    window so_far as (
        partition by opportunity_id
        order by step, changed_at, id
        rows between unbounded preceding and current row
    )
),

tracks as (
    select
        opportunity_id,
        id,
        changed_at,
        changed_by,
        stage.it as stage,
        try_cast(amount.it as double) as amount,
        try_cast(left(close_date.it, 10) as date) as expected_close_on,
        step || id as sort_key
    from filled
    -- Fields that were saved together are one state.
    where from_last = 1 and stage.it is not null
),

states as (
    select * from saves
    union all by name
    select * from versions
    union all by name
    select * from tracks
)

select
    'salesforce' as source,
    'salesforce:' || opportunity_id as deal_id,
    'salesforce:' || id as state_id,
    changed_at,
    cast(epoch(changed_at) as bigint) as changed_sec,
    'salesforce:' || changed_by as changed_by,
    stage,
    amount,
    expected_close_on,
    cast(expected_close_on - date '1970-01-01' as integer) as expected_close_day,
    sort_key
from states
