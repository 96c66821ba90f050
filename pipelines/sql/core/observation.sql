-- Since when each source's channels are on record: one row a source and kind of activity, and one
-- with an empty kind for the source as a whole. Null: since its first deal. CRMs archive old
-- activities and leave them out of exports, and a channel may have been switched on late; before
-- that, deals were not silent but unobserved. Thirty-day months are counted back from as_of; a
-- month of which a channel has far fewer acts a deal than usual, before it begins, is not observed.
-- A source is observed since every channel is in which buyers reply.
with digits as (
    select 0 as digit
    union all select 1
    union all select 2
    union all select 3
    union all select 4
    union all select 5
    union all select 6
    union all select 7
    union all select 8
    union all select 9
),

months as (
    select
        ones.digit + 10 * tens.digit + 100 * hundreds.digit as month,
        p.as_of_day - 30 * (ones.digit + 10 * tens.digit + 100 * hundreds.digit) as last_day
    from digits as ones
    cross join digits as tens
    cross join digits as hundreds
    cross join core.parameters as p
),

open_deals as (
    select
        d.source,
        m.month,
        count(*) as deals
    from core.deals as d
    inner join months as m
        on
            m.last_day >= d.created_day
            and m.last_day - 29 <= coalesce(d.closed_day, m.last_day)
    group by d.source, m.month
),

acts as (
    select
        a.source,
        a.kind,
        cast(floor((p.as_of_day - a.known_day) / 30) as integer) as month,
        count(*) as acts,
        sum(case when a.is_reply then 1 else 0 end) as replies,
        min(a.known_day) as first_day
    from core.activities as a
    cross join core.parameters as p
    where not a.is_automatic and a.known_day <= p.as_of_day
    group by a.source, a.kind, cast(floor((p.as_of_day - a.known_day) / 30) as integer)
),

channels as (
    select
        a.source,
        a.kind,
        sum(a.acts) as acts,
        min(a.first_day) as first_act_day,
        max(a.month) as first_month,
        sum(case when 30 * a.month < p.archive_days then a.replies else 0 end) as late_replies
    from acts as a
    cross join core.parameters as p
    group by a.source, a.kind
),

-- Acts a deal and month, over the months since the channel's first act.
rates as (
    select
        c.source,
        c.kind,
        c.acts,
        c.first_act_day,
        c.late_replies,
        c.acts / cast(sum(o.deals) as double) as acts_per_deal
    from channels as c
    inner join open_deals as o on c.source = o.source and o.month <= c.first_month
    group by c.source, c.kind, c.acts, c.first_act_day, c.late_replies
),

-- A month of which less than five acts were to be expected says nothing.
judged as (
    select
        r.source,
        r.kind,
        o.month,
        coalesce(a.acts, 0) >= (1 - p.archive_fall_share) * r.acts_per_deal * o.deals as is_on,
        r.acts_per_deal * o.deals >= 5 as is_telling
    from rates as r
    cross join core.parameters as p
    inner join open_deals as o on r.source = o.source
    left join acts as a on r.source = a.source and r.kind = a.kind and o.month = a.month
),

-- One old month alone may hold mail brought in later: a channel is on when its next month is too.
runs as (
    select
        source,
        kind,
        month,
        is_on and is_telling and coalesce(lag(is_on) over (
            partition by source, kind order by month
        ), true) as is_on
    from judged
),

starts as (
    select
        source,
        kind,
        max(case when is_on then month end) as month
    from runs
    group by source, kind
),

gaps as (
    select
        j.source,
        j.kind,
        s.month,
        count(*) as missing_months
    from judged as j
    inner join starts as s on j.source = s.source and j.kind = s.kind and j.month > s.month
    where j.is_telling
    group by j.source, j.kind, s.month
),

observed as (
    select
        r.source,
        r.kind,
        r.acts,
        r.late_replies,
        case
            when 30 * g.missing_months >= p.late_start_days and r.acts >= p.late_start_min_acts
                then greatest(p.as_of_day - 30 * (g.month + 1) + 1, r.first_act_day)
        end as observed_from_day,
        p.as_of_day - p.archive_days as archived_until_day
    from rates as r
    cross join core.parameters as p
    left join gaps as g on r.source = g.source and r.kind = g.kind
),

replies as (
    select
        source,
        sum(late_replies) as replies
    from observed
    group by source
)

select
    source,
    kind,
    cast(observed_from_day as integer) as observed_from_day,
    case
        when observed_from_day is null then 'always'
        when observed_from_day between archived_until_day - 15 and archived_until_day + 45
            then 'archive'
        else 'late_start'
    end as found_by,
    cast(acts as bigint) as acts
from observed
union all
select
    o.source,
    '',
    cast(
        max(
            case
                when o.late_replies >= p.reply_channel_share * r.replies and o.late_replies > 0
                    then o.observed_from_day
            end
        ) as integer
    ),
    'channels',
    cast(sum(o.acts) as bigint)
from observed as o
inner join replies as r on o.source = r.source
cross join core.parameters as p
group by o.source
