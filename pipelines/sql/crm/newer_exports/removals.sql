-- Deals that an older export lists and newer ones of the same kind do not: gone at the source since,
-- with the share of the older export that the newer ones hold. An export was taken at its newest
-- stamp; the parts of one are taken within half a day. A list that was only filtered otherwise
-- holds a smaller share; from which share on a deal counts as gone is a setting.
with lines as (
    select 'close' as source, 'close:' || id as deal_id, _file, created_at as a, modified_at as b
    from raw.close_opportunity
    union all
    select 'copper', 'copper:' || id, _file, created_at, modified_at
    from raw.copper_opportunity
    union all
    select 'dynamics', 'dynamics:' || lower(id), _file, created_at, modified_at
    from raw.dynamics_opportunity
    union all
    select 'freshsales', 'freshsales:' || id, _file, created_at, modified_at
    from raw.freshsales_deal
    union all
    select 'hubspot', 'hubspot:' || id, _file, created_at, modified_at
    from raw.hubspot_deal
    union all
    select 'pipedrive', 'pipedrive:' || id, _file, add_time, update_time
    from raw.pipedrive_deal
    union all
    select 'salesforce', 'salesforce:' || id, _file, created_date,
        greatest(last_modified_date, system_modstamp)
    from raw.salesforce_opportunity
    union all
    select 'salesforce', 'salesforce:' || opportunity_id, _file, created_date, last_modified_date
    from raw.salesforce_reports_opportunity
    union all
    select 'sheet', 'sheet:' || id, _file, created_at, modified_at
    from raw.sheet_deal
    union all
    select 'zoho', 'zoho:' || regexp_replace(id, '^zcrm_', ''), _file, created_at, modified_at
    from raw.zoho_deal
),

files as (
    select
        source,
        _file,
        cast(floor(epoch(max(greatest(a, b)))) as bigint) as taken_sec
    from lines
    where deal_id is not null
    group by source, _file
),

-- Where there is one file of deals, none is newer.
several as (
    select source
    from files
    group by source
    having max(taken_sec) - min(taken_sec) > 43200
),

seen as (
    select
        l.source,
        l.deal_id,
        f._file,
        f.taken_sec,
        max(f.taken_sec) over (partition by l.source, l.deal_id) as last_sec
    from lines as l
    join several as s on l.source = s.source
    join files as f on l.source = f.source and l._file = f._file
    where l.deal_id is not null
),

newer as (
    select source, max(taken_sec) as newest_sec
    from files
    group by source
),

shares as (
    select
        s.source,
        s._file,
        count(distinct case when s.last_sec > s.taken_sec + 43200 then s.deal_id end)
        / cast(count(distinct s.deal_id) as double) as held_share
    from seen as s
    join newer as n on s.source = n.source
    where s.taken_sec + 43200 < n.newest_sec
    group by s.source, s._file
)

select
    s.source,
    s.deal_id,
    'missing' as why,
    cast(null as varchar) as status,
    cast(null as varchar) as survivor_id,
    max(h.held_share) as held_share
from seen as s
join shares as h on s.source = h.source and s._file = h._file
-- Of which newer exports hold less than half, that was another list.
where s.last_sec <= s.taken_sec + 43200 and h.held_share >= 0.5
group by s.source, s.deal_id
