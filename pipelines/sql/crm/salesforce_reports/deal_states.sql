-- Deals as they once stood, by the Salesforce reports on opportunity history and, for deals without
-- that, on the history of fields. A line without an id belongs to a deal only when its names fit
-- one deal alone. What an export of the objects tells of a deal's history is not told again.
with lines as (
    select
        'save' as what,
        _file,
        _line,
        opportunity_id,
        lower(trim(opportunity_name)) as title,
        lower(trim(account_name)) as account,
        try_cast(changed_at as timestamp) as changed_at,
        nullif(trim(changed_by), '') as changed_by
    from raw.salesforce_reports_history
    union all
    select
        case regexp_replace(lower(field), '[^a-z]', '', 'g')
            when 'stagename' then 'stage'
            when 'stage' then 'stage'
            when 'closedate' then 'close_date'
            when 'amount' then 'amount'
            else 'other'
        end,
        _file,
        _line,
        opportunity_id,
        lower(trim(opportunity_name)),
        lower(trim(account_name)),
        try_cast(edited_at as timestamp),
        nullif(trim(edited_by), '')
    from raw.salesforce_reports_field_history
),

-- Whether a report runs from the newest line down: lines of one moment are then in that order too.
directions as (
    select _file, arg_min(changed_at, _line) > arg_max(changed_at, _line) as is_downward
    from lines
    group by _file
),

placed as (
    select
        coalesce(l.opportunity_id, min(t.id)) as deal_id,
        l.what,
        l._file,
        l._line,
        l.changed_at,
        l.changed_by,
        case when d.is_downward then -l._line else l._line end as place
    from lines as l
    join directions as d on l._file = d._file
    left join crm.salesforce_reports_deal_titles as t
        on
            l.opportunity_id is null
            and l.title = t.title
            and (l.account = t.account or l.account is null or t.account is null)
    group by
        l.opportunity_id, l.what, l._file, l._line, l.changed_at, l.changed_by, d.is_downward
    having l.opportunity_id is not null or count(distinct t.id) = 1
),

told as (
    select opportunity_id as deal_id
    from raw.salesforce_opportunity_history
    where opportunity_id is not null
    union
    select opportunity_id
    from raw.salesforce_opportunity_field_history
    where
        opportunity_id is not null
        and regexp_replace(lower(field), '[^a-z]', '', 'g')
        in ('stagename', 'stage', 'closedate', 'amount')
    union
    select id
    from raw.salesforce_opportunity
    where id is not null and version_start is not null
),

saves as (
    select
        p.deal_id,
        p.changed_at,
        p.changed_by,
        h.to_stage as stage,
        try_cast(h.amount as double) as amount,
        try_cast(h.close_date as date) as expected_close_on,
        min(p.place) as place
    from placed as p
    join raw.salesforce_reports_history as h on p._file = h._file and p._line = h._line
    where p.what = 'save' and p.deal_id not in (select deal_id from told)
    -- A line of an older report beside a newer one is the same save.
    group by all
),

written as (
    select
        p.*,
        v.side,
        trim(v.value) as value,
        regexp_replace(v.value, '[^0-9.,-]', '', 'g') as digits
    from placed as p
    join (
        select _file, _line, 'old' as side, old_value as value
        from raw.salesforce_reports_field_history
        union all
        select _file, _line, 'new' as side, new_value as value
        from raw.salesforce_reports_field_history
    ) as v on p._file = v._file and p._line = v._line
    where
        p.what not in ('save', 'other')
        and p.deal_id not in (select deal_id from told)
        and p.deal_id not in (select deal_id from saves)
),

-- Dates and amounts stand here as the user sees them, and all of them together tell how. Where
-- nothing tells the day from the month, a date stays unknown.
forms as (
    select
        bool_or(
            try_cast(regexp_extract(value, '^(\d{1,2})[/.-]', 1) as integer) > 12
            or regexp_matches(value, '^\d{1,2}\.\d{1,2}\.\d{4}')
        ) filter (where what = 'close_date') as is_day_first,
        bool_or(
            try_cast(regexp_extract(value, '^\d{1,2}[/.-](\d{1,2})', 1) as integer) > 12
        ) filter (where what = 'close_date') as is_month_first,
        bool_or(regexp_matches(digits, ',\d{1,2}$'))
        and not bool_or(regexp_matches(digits, '\.\d{1,2}$')) as is_comma
    from written
),

-- A value is in a box, so that a field that was emptied is told from one that did not change.
boxed as (
    select
        w.*,
        case when w.what = 'stage' then {'it': nullif(w.value, '')} end as stage,
        case
            when w.what = 'close_date'
                then {
                    'it': cast(
                        coalesce(
                            try_cast(w.value as timestamp),
                            try_strptime(w.value, ['%Y. %m. %d.', '%Y.%m.%d', '%Y/%m/%d']),
                            case
                                when f.is_day_first and not coalesce(f.is_month_first, false)
                                    then try_strptime(w.value, ['%d/%m/%Y', '%d.%m.%Y', '%d-%m-%Y'])
                                when f.is_month_first and not coalesce(f.is_day_first, false)
                                    then try_strptime(w.value, ['%m/%d/%Y', '%m.%d.%Y', '%m-%d-%Y'])
                            end
                        ) as date
                    )
                }
        end as close_on,
        case
            when w.what = 'amount'
                then {
                    'it': try_cast(
                        case
                            when f.is_comma then replace(replace(w.digits, '.', ''), ',', '.')
                            else replace(w.digits, ',', '')
                        end as double
                    )
                }
        end as amount
    from written as w
    cross join forms as f
),

-- What no change tells of a tracked field has always been as it is; of another nothing is known.
tracked as (
    select
        min(changed_at) as since,
        bool_or(what = 'close_date') as has_close_dates,
        bool_or(what = 'amount') as has_amounts
    from placed
    where what <> 'save'
),

presents as (
    select
        coalesce(opportunity_id, concat_ws(
            ' / ',
            nullif(trim(account_name), ''),
            trim(opportunity_name),
            cast(try_cast(created_date as date) as varchar)
        )) as deal_id,
        try_cast(created_date as timestamp) as created_at,
        stage,
        try_cast(close_date as date) as close_on,
        try_cast(amount as double) as amount,
        last_modified_date,
        _file,
        _line
    from raw.salesforce_reports_opportunity
    union all
    select
        id,
        try_cast(created_date as timestamp),
        stage_name,
        try_cast(close_date as date),
        try_cast(amount as double),
        coalesce(last_modified_date, system_modstamp),
        _file,
        _line
    from raw.salesforce_opportunity
    where id is not null
),

present as (
    select *
    from presents
    qualify row_number() over (
        partition by deal_id order by last_modified_date desc nulls last, _file desc, _line
    ) = 1
),

moments as (
    select
        b.deal_id,
        -- What a deal was before its fields were tracked is not known.
        case
            when any_value(n.created_at) >= any_value(t.since) then any_value(n.created_at)
            else min(b.changed_at)
        end as changed_at,
        cast(null as varchar) as changed_by,
        coalesce(
            arg_min(b.stage, (b.changed_at, b.place)), {'it': any_value(n.stage)}
        ) as stage,
        coalesce(
            arg_min(b.close_on, (b.changed_at, b.place)),
            case when bool_or(t.has_close_dates) then {'it': any_value(n.close_on)} end
        ) as close_on,
        coalesce(
            arg_min(b.amount, (b.changed_at, b.place)),
            case when bool_or(t.has_amounts) then {'it': any_value(n.amount)} end
        ) as amount,
        0 as step,
        0 as place
    from boxed as b
    cross join tracked as t
    join present as n on b.deal_id = n.deal_id
    where b.side = 'old'
    group by b.deal_id
    union all
    select deal_id, changed_at, changed_by, stage, close_on, amount, 1, place
    from boxed
    where side = 'new' and deal_id in (select deal_id from present)
),

filled as (
    select
        deal_id,
        changed_at,
        changed_by,
        last_value(stage ignore nulls) over so_far as stage,
        last_value(amount ignore nulls) over so_far as amount,
        last_value(close_on ignore nulls) over so_far as close_on,
        step,
        place,
        row_number() over (
            partition by deal_id, step, changed_at order by place desc
        ) as from_last
    from moments
    window so_far as (
        partition by deal_id
        order by step, changed_at, place
        rows between unbounded preceding and current row
    )
),

states as (
    select deal_id, changed_at, changed_by, stage, amount, expected_close_on, 1 as step, place
    from saves
    union all
    -- Fields that were saved together are one state.
    select deal_id, changed_at, changed_by, stage.it, amount.it, close_on.it, step, place
    from filled
    where from_last = 1 and stage.it is not null
),

numbered as (
    select
        *,
        row_number() over (partition by deal_id order by changed_at, step, place) as nth
    from states
    where changed_at is not null
)

select
    'salesforce' as source,
    'salesforce:' || s.deal_id as deal_id,
    'salesforce:' || s.deal_id || '/' || s.nth as state_id,
    s.changed_at,
    cast(epoch(s.changed_at) as bigint) as changed_sec,
    'salesforce:' || coalesce(u.id, s.changed_by) as changed_by,
    s.stage,
    s.amount,
    s.expected_close_on,
    cast(s.expected_close_on - date '1970-01-01' as integer) as expected_close_day,
    lpad(cast(s.nth as varchar), 9, '0') as sort_key
from numbered as s
left join crm.salesforce_reports_user_words as u on lower(s.changed_by) = u.word
