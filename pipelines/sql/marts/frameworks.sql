-- Qualification frameworks element by element: how many deals had it answered at some time, of the
-- deals that were open since the source first answered any element of the framework, and the median
-- day of the deal on which it came to be. `record` says what the exports hold of it: dated (answers
-- with their days), not_dated (a column of the deals as they stand today), or empty (a history that
-- never answered it).
with elements as (
    select
        framework,
        element,
        max(case when is_dated then 1 else 0 end) as is_dated
    from core.qualification_fields
    group by framework, element
),

firsts as (
    select
        q.deal_id,
        q.framework,
        q.element,
        d.source,
        min(case when q.is_answered then q.answered_sec end) as answered_sec,
        min(
            case
                when q.is_answered
                    then cast(floor(q.answered_sec / 86400) as integer) - d.created_day
            end
        ) as answered_day,
        max(case when q.is_answered then 0 else 1 end) as was_cleared
    from core.qualification as q
    inner join core.deals as d on q.deal_id = d.deal_id
    inner join core.outcomes as o on q.deal_id = o.deal_id
    where o.outcome <> 'excluded' and (d.closed_sec is null or q.answered_sec < d.closed_sec)
    group by q.deal_id, q.framework, q.element, d.source
),

starts as (
    select
        source,
        framework,
        min(answered_sec) as answered_sec
    from firsts
    group by source, framework
),

asked as (
    select
        s.framework,
        count(*) as deals
    from starts as s
    inner join core.deals as d on s.source = d.source
    inner join core.outcomes as o on d.deal_id = o.deal_id
    where
        o.outcome <> 'excluded' and (d.closed_sec is null or d.closed_sec > s.answered_sec)
    group by s.framework
),

ranked as (
    select
        framework,
        element,
        answered_day,
        was_cleared,
        row_number() over (
            partition by framework, element order by answered_day, deal_id
        ) as place,
        count(*) over (partition by framework, element) as deals_answered
    from firsts
    where answered_sec is not null
),

answered as (
    select
        framework,
        element,
        max(deals_answered) as deals_answered,
        sum(was_cleared) as deals_cleared,
        -- The middle one, or the mean of the two in the middle.
        avg(
            case
                when 2 * place between deals_answered and deals_answered + 2
                    then cast(answered_day as double)
            end
        ) as median_day
    from ranked
    group by framework, element
)

select
    e.framework,
    e.element,
    case
        when e.is_dated = 0 then 'not_dated'
        when a.element is null then 'empty'
        else 'dated'
    end as record,
    case when e.is_dated = 1 then coalesce(n.deals, 0) end as deals,
    case when e.is_dated = 1 then coalesce(a.deals_answered, 0) end as deals_answered,
    cast(a.deals_answered as double) / n.deals as answered_share,
    a.median_day,
    cast(a.deals_cleared as bigint) as deals_cleared
from elements as e
left join asked as n on e.framework = n.framework
left join answered as a on e.framework = a.framework and e.element = a.element
