-- Which fields tell where a buyer comes from, by source: whether its exports have the column, on how
-- many deals it is filled, and on how many of those won and those that ended otherwise.
with deals as (
    select
        d.source,
        count(*) as deals,
        sum(case when d.lead_source is not null then 1 else 0 end) as lead_source,
        sum(case when d.supplier is not null then 1 else 0 end) as incumbent,
        sum(case when d.outcome = 'won' then 1 else 0 end) as won,
        sum(case when d.outcome = 'won' and d.lead_source is not null then 1 else 0 end)
            as won_lead_source,
        sum(case when d.outcome = 'won' and d.supplier is not null then 1 else 0 end)
            as won_incumbent,
        sum(case when d.outcome = 'won' and d.has_won_reason then 1 else 0 end) as won_reason,
        sum(case when d.outcome not in ('won', 'open') then 1 else 0 end) as not_won,
        sum(
            case
                when d.outcome not in ('won', 'open') and d.lead_source is not null then 1 else 0
            end
        ) as not_won_lead_source,
        sum(
            case
                when d.outcome not in ('won', 'open') and d.supplier is not null then 1 else 0
            end
        ) as not_won_incumbent,
        sum(case when d.origin = 'unknown' then 1 else 0 end) as unknown
    from features.origin_deals as d
    group by d.source
),

fields as (
    select
        source,
        'lead_source' as field,
        deals,
        lead_source as filled,
        won,
        won_lead_source as won_filled,
        not_won,
        not_won_lead_source as not_won_filled,
        unknown
    from deals
    union all
    select
        source,
        'incumbent',
        deals,
        incumbent,
        won,
        won_incumbent,
        not_won,
        not_won_incumbent,
        unknown
    from deals
    union all
    -- Only a win can have it.
    select
        source,
        'won_reason',
        won,
        won_reason,
        won,
        won_reason,
        0,
        0,
        unknown
    from deals
),

-- Columns of people who are no deals yet say nothing of deals.
listed as (
    select
        f.kind,
        c.mapped_to as field
    from raw.columns as c
    inner join raw.files as f on c.file = f.path
    where
        c.mapped_to in ('lead_source', 'incumbent', 'won_reason')
        and f.kind not like '%lead'
    group by f.kind, c.mapped_to
),

columns_there as (
    select
        s.source,
        s.field,
        max(case when l.field is not null then 1 else 0 end) = 1 as is_listed
    from fields as s
    left join listed as l on s.field = l.field and l.kind like s.source || '_%'
    group by s.source, s.field
)

select
    s.source,
    s.field,
    case
        when s.filled = 0 and not c.is_listed then 'absent'
        when s.filled = 0 then 'empty'
        when s.filled < s.deals then 'partly'
        else 'filled'
    end as state,
    s.deals,
    s.filled,
    case when s.deals > 0 then cast(s.filled as double) / s.deals end as filled_share,
    case when s.won > 0 then cast(s.won_filled as double) / s.won end as won_filled_share,
    case when s.not_won > 0 then cast(s.not_won_filled as double) / s.not_won end
        as not_won_filled_share,
    s.unknown as deals_of_unknown_origin
from fields as s
inner join columns_there as c on s.source = c.source and s.field = c.field
