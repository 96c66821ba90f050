-- HubSpot deals as they were: a row for each change of stage, amount or close date, with all three.
-- The history of properties says most; without it the stays in stages; without them the latest
-- entry into each stage, in which loops are lost. HubSpot itself sets the close date of a deal that
-- is closed, so a close date set within five minutes of a closing is not what had been expected.
with deals as (
    select id, amount, close_on, modified_at, stage_entered_at, _file
    from crm.hubspot_latest_deals
),

history as (
    select deal_id, property, value, moment, source, user_id from crm.hubspot_property_history
),

placed as (
    select deal_id, stage, moment, source, user_id, place, is_closed from crm.hubspot_stage_moves
),

told_last as (
    select
        deal_id,
        max(moment) as moment,
        arg_max(stage, (moment, place)) as stage,
        arg_max(coalesce(is_closed, false), (moment, place)) as is_closed
    from placed
    where moment is not null
    group by deal_id
),

-- Not every stage may have a date, and a history may be older than the deals: where the current
-- row was closed after all that is told, the closing is the last move.
staged as (
    select * from placed where moment is not null
    union all
    select p.* replace (
        coalesce(
            try_cast(d.stage_entered_at as timestamp),
            greatest(
                l.moment,
                least(d.close_on + interval 12 hour, try_cast(d.modified_at as timestamp))
            )
        ) as moment,
        99998 as place
    )
    from placed as p
    join told_last as l on p.deal_id = l.deal_id
    join deals as d on p.deal_id = d.id
    where
        p.moment is null
        and p.is_closed
        and not l.is_closed
        and case
            when d.stage_entered_at is null then d.close_on >= cast(l.moment as date)
            else try_cast(d.stage_entered_at as timestamp) > l.moment
        end
),

dated as (
    select
        h.deal_id,
        h.property,
        h.moment,
        h.source,
        h.user_id,
        case when h.property = 'amount' then try_cast(h.value as double) end as amount,
        case
            when h.property <> 'closedate' then null
            when regexp_full_match(h.value, '[0-9]{12,13}')
                then cast(epoch_ms(cast(h.value as bigint)) as date)
            else cast(try_cast(h.value as timestamp) as date)
        end as close_on
    from history as h
    where
        h.property in ('closedate', 'amount')
        and not (
            h.property = 'closedate'
            and exists (
                select 1
                from staged as s
                where
                    s.deal_id = h.deal_id
                    and s.is_closed
                    and s.moment >= h.moment - interval 5 minute
                    and s.moment <= h.moment + interval 5 minute
            )
        )
),

ends as (
    select
        deal_id,
        max(moment) as moment,
        arg_max(coalesce(is_closed, false), (moment, place)) as is_closed
    from staged
    group by deal_id
),

exported as (
    select
        _file,
        max(
            greatest(try_cast(created_at as timestamp), try_cast(stage_entered_at as timestamp))
        ) as moment
    from raw.hubspot_deal
    group by _file
),

-- What the current row alone tells was so when the row was changed, at the latest when exported.
current_rows as (
    select
        d.id as deal_id,
        greatest(coalesce(try_cast(d.modified_at as timestamp), x.moment), e.moment) as moment,
        case
            when d.id not in (select deal_id from history where property = 'amount')
                then try_cast(d.amount as double)
        end as amount,
        case
            when
                not e.is_closed
                and d.id not in (select deal_id from history where property = 'closedate')
                then d.close_on
        end as close_on
    from deals as d
    join ends as e on d.id = e.deal_id
    left join exported as x on d._file = x._file
),

changes as (
    select deal_id, moment, place, stage, null as amount, null as close_on, source, user_id
    from staged
    union all
    select deal_id, moment, -1, null, max(amount), max(close_on), max(source), max(user_id)
    from dated
    group by deal_id, moment
    union all
    select deal_id, moment, 99999, null, amount, close_on, null, null
    from current_rows
    where amount is not null or close_on is not null
),

carried as (
    select
        deal_id,
        moment,
        place,
        source,
        user_id,
        last_value(stage ignore nulls) over past as stage,
        last_value(amount ignore nulls) over past as amount,
        last_value(close_on ignore nulls) over past as close_on,
        -- What is told of one moment is one state.
        place = -1
        and lead(stage) over next_one is not null
        and lead(moment) over next_one = moment as is_half
    from changes
    window
        past as (
            partition by deal_id
            order by moment, place, stage
            rows between unbounded preceding and current row
        ),
        next_one as (partition by deal_id order by moment, place, stage)
)

select
    'hubspot' as source,
    'hubspot:' || c.deal_id as deal_id,
    concat_ws('/', 'hubspot:' || c.deal_id, epoch_ms(c.moment), c.place, c.stage) as state_id,
    c.moment as changed_at,
    cast(floor(epoch(c.moment)) as bigint) as changed_sec,
    'hubspot:' || coalesce(o.id, 'user/' || c.user_id) as changed_by,
    c.stage,
    c.amount,
    c.close_on as expected_close_on,
    cast(c.close_on - date '1970-01-01' as integer) as expected_close_day,
    concat(lpad(cast(epoch_ms(c.moment) as varchar), 15, '0'), '/', c.place + 100001) as sort_key,
    case
        when
            regexp_matches(
                c.source,
                'IMPORT|BULK|BATCH|AUTOMATION|WORKFLOW|^API$|INTEGRATION|MERGE|CALCULATED|MIGRATION'
            )
            then true
        when regexp_matches(c.source, '^(CRM_UI|MOBILE|CRM UI|CONTACTS_WEB)') then false
    end as is_bulk
from carried as c
left join (
    select user_id, min(id) as id from raw.hubspot_owner group by user_id
) as o on c.user_id = o.user_id
where c.stage is not null and not coalesce(c.is_half, false)
