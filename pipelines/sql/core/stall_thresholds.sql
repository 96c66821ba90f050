-- How long a silence may last before it is a stall (g), and how long most won deals stayed in a
-- stage, learned only from deals won by learn_until_day, so that nothing later feeds back. g is
-- the smallest length that the wanted share of the silences broken in won deals did not exceed: of
-- the stage, or with too few wins of the pipeline, or else the fallback. The row of a pipeline with
-- an empty stage serves deals whose stage is not known. Imported deals began nobody knows when,
-- deals entered when already won were never sold, renewals are no deals to speak of where new business
-- alone counts, and a silence that began unobserved has no length: none of them teaches anything.
with wins as (
    select
        d.source,
        d.pipeline,
        d.deal_id
    from core.deals as d
    cross join core.parameters as p
    where
        d.status = 'won'
        and d.closed_day <= p.learn_until_day
        and not coalesce(d.is_migrated, false)
        and not coalesce(d.is_order_entry, false)
        and not coalesce(p.new_business_only and not d.is_new_business, false)
),

broken as (
    select
        w.source,
        w.pipeline,
        w.deal_id,
        s.stage_at_end as stage,
        s.end_day - s.start_day as length
    from wins as w
    inner join core.silences as s on w.deal_id = s.deal_id
    where
        s.ended_by = 'sign'
        and s.end_day > s.start_day
        and not coalesce(s.is_truncated, false)
),

levels as (
    select source, pipeline, stage, deal_id, length from broken where stage is not null
    union all
    select source, pipeline, '' as stage, deal_id, length from broken
),

ranked as (
    select
        source,
        pipeline,
        stage,
        length,
        row_number() over (partition by source, pipeline, stage order by length, deal_id) as place,
        count(*) over (partition by source, pipeline, stage) as silences
    from levels
),

lengths as (
    select
        r.source,
        r.pipeline,
        r.stage,
        min(r.length) as g_days
    from ranked as r
    cross join core.parameters as p
    where r.place >= p.g_share * r.silences
    group by r.source, r.pipeline, r.stage
),

counts as (
    select
        source,
        pipeline,
        stage,
        count(distinct deal_id) as n_wins,
        count(*) as n_silences
    from levels
    group by source, pipeline, stage
),

stays as (
    select
        w.source,
        w.pipeline,
        w.deal_id,
        c.to_stage as stage,
        c.seq,
        lead(c.changed_day) over (partition by c.deal_id order by c.seq) - c.changed_day as days,
        c.is_to_closed
    from wins as w
    inner join core.stage_changes as c on w.deal_id = c.deal_id
),

ranked_stays as (
    select
        source,
        pipeline,
        stage,
        days,
        row_number() over (
            partition by source, pipeline, stage order by days, deal_id, seq
        ) as place,
        count(*) over (partition by source, pipeline, stage) as stays
    from stays
    where days is not null and not is_to_closed
),

stay_lengths as (
    select
        r.source,
        r.pipeline,
        r.stage,
        min(r.days) as stage_p80_days
    from ranked_stays as r
    cross join core.parameters as p
    where r.place >= p.stage_overstay_share * r.stays
    group by r.source, r.pipeline, r.stage
),

stay_counts as (
    select
        source,
        pipeline,
        stage,
        count(distinct deal_id) as n_wins
    from stays
    where days is not null and not is_to_closed
    group by source, pipeline, stage
),

places as (
    select source, pipeline, stage from core.stages where not is_closed
    union
    select distinct source, pipeline, '' as stage from core.deals
),

learned as (
    select
        x.source,
        x.pipeline,
        x.stage,
        case
            when o.n_wins >= p.min_wins_for_threshold then l.g_days
            when a.n_wins >= p.min_wins_for_threshold then m.g_days
            else p.g_fallback_days
        end as g_days,
        case
            when o.n_wins >= p.min_wins_for_threshold
                then case when x.stage = '' then 'pipeline' else 'stage' end
            when a.n_wins >= p.min_wins_for_threshold then 'pipeline'
            else 'fallback'
        end as learned_from,
        case
            when o.n_wins >= p.min_wins_for_threshold then o.n_wins
            else coalesce(a.n_wins, 0)
        end as n_wins,
        case when t.n_wins >= p.min_wins_for_threshold then y.stage_p80_days end as stage_p80_days,
        p.g_floor_days,
        p.learn_until_day
    from places as x
    cross join core.parameters as p
    left join counts as o
        on x.source = o.source and x.pipeline = o.pipeline and x.stage = o.stage
    left join lengths as l
        on x.source = l.source and x.pipeline = l.pipeline and x.stage = l.stage
    left join counts as a on x.source = a.source and x.pipeline = a.pipeline and a.stage = ''
    left join lengths as m on x.source = m.source and x.pipeline = m.pipeline and m.stage = ''
    left join stay_counts as t
        on x.source = t.source and x.pipeline = t.pipeline and x.stage = t.stage
    left join stay_lengths as y
        on x.source = y.source and x.pipeline = y.pipeline and x.stage = y.stage
)

select
    pipeline,
    stage,
    cast(greatest(g_days, g_floor_days) as integer) as g_days,
    cast(stage_p80_days as integer) as stage_p80_days,
    cast(n_wins as integer) as n_wins,
    cast('1970-01-01' as date) + learn_until_day as learned_before,
    learned_from,
    source
from learned
