-- What the exports hold that is not what it looks like: one row a source and trap, found or not,
-- what was done about it, the setting that governs it, and whether it is enough to warn.
with dated as (
    select
        split_part(f.kind, '_', 1) as source,
        sum(case when r.value is not null then 1 else 0 end) as found,
        min(r.value) as example
    from raw.rejects as r
    inner join raw.files as f on r.file = f.path
    where
        r.reason like 'not a date%'
        and regexp_matches(r.value, '(^|[^0-9])([013-9][0-9]{3}|2[1-9][0-9]{2})([^0-9]|$)')
    group by split_part(f.kind, '_', 1)
),

lines as (
    select 'close' as source, _file, id from raw.close_opportunity
    union all
    select 'copper', _file, id from raw.copper_opportunity
    union all
    select 'dynamics', _file, id from raw.dynamics_opportunity
    union all
    select 'freshsales', _file, id from raw.freshsales_deal
    union all
    select 'hubspot', _file, id from raw.hubspot_deal
    union all
    select 'pipedrive', _file, id from raw.pipedrive_deal
    union all
    select 'salesforce', _file, id from raw.salesforce_opportunity
    union all
    select 'salesforce', _file, opportunity_id from raw.salesforce_reports_opportunity
    union all
    select 'sheet', _file, id from raw.sheet_deal
    union all
    select 'zoho', _file, id from raw.zoho_deal
),

-- Reports of deals with their products repeat a deal on every line.
repeated as (
    select
        source,
        _file,
        id,
        count(*) as times
    from lines
    where id is not null
    group by source, _file, id
),

fan_outs as (
    select
        source,
        sum(times - 1) as found,
        sum(times) as lines,
        min(case when times > 1 then id end) as example
    from repeated
    group by source
),

raw_rows as (
    select
        source,
        sum(rows) as lines
    from (select split_part(kind, '_', 1) as source, rows from raw.files where kind is not null)
    group by source
),

sources as (
    select
        d.source,
        p.warn_share
    from (select distinct source from core.deals) as d
    cross join core.parameters as p
),

found as (
    select
        source,
        trap,
        found,
        looked_at,
        unit,
        done,
        setting,
        detail,
        limit_share
    from core.traps_deals
    union all
    select
        source,
        trap,
        found,
        looked_at,
        unit,
        done,
        setting,
        detail,
        limit_share
    from core.traps_history
    union all
    select
        source,
        trap,
        found,
        looked_at,
        unit,
        done,
        setting,
        detail,
        limit_share
    from core.traps_acts
    union all
    select
        source,
        trap,
        found,
        looked_at,
        unit,
        done,
        setting,
        detail,
        limit_share
    from core.traps_observed
    union all
    select
        s.source,
        'wrong_century',
        cast(coalesce(d.found, 0) as bigint),
        cast(coalesce(n.lines, 0) as bigint),
        'lines',
        'dropped',
        'traps.warn_share',
        d.example,
        0
    from sources as s
    left join dated as d on s.source = d.source
    left join raw_rows as n on s.source = n.source
    union all
    select
        s.source,
        'repeated_lines',
        cast(coalesce(f.found, 0) as bigint),
        cast(coalesce(f.lines, 0) as bigint),
        'lines',
        'dropped',
        'traps.warn_share',
        f.example,
        s.warn_share
    from sources as s
    left join fan_outs as f on s.source = f.source
)

select
    source,
    trap,
    cast(found as bigint) as found,
    cast(looked_at as bigint) as looked_at,
    unit,
    done,
    setting,
    detail,
    found > limit_share * coalesce(looked_at, 0) as is_warning
from found
