-- HubSpot deals as they stand in the export; those deleted, archived or merged are in removals.
with recursive lost_ids as (
    select merged_deal_id as id, deal_id as survivor from raw.hubspot_merged_deal
    union
    select unnest(regexp_extract_all(merged_ids, '[0-9]+')) as id, id as survivor
    from raw.hubspot_deal
),

-- Merges chain; `union` drops repeats, so a circle of merges ends too.
merges as (
    select id, survivor from lost_ids where id <> survivor
    union
    select m.id, n.survivor
    from merges as m
    join lost_ids as n on m.survivor = n.id
    where n.survivor <> m.id and n.survivor <> n.id
),

survivors as (
    select id, min(survivor) as survivor
    from merges
    where survivor not in (select id from merges)
    group by id
),

latest as (
    select *
    from raw.hubspot_deal
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
),

pipelines as (
    select *
    from raw.hubspot_pipeline
    qualify row_number() over (
        partition by pipeline_id order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

-- Stages stand in a table of their own or in their pipeline's cell.
told_stages as (
    select
        coalesce(s.pipeline_id, p.pipeline_id) as pipeline_id,
        s.pipeline_label,
        s.stage_id,
        s.stage_label as stage,
        s.display_order,
        s.is_closed,
        s.closed_won,
        s.probability,
        s.modified_at,
        s._file,
        s._line
    from raw.hubspot_pipeline_stage as s
    left join pipelines as p on s.dlt_parent_id = p.dlt_id
    union all
    select
        pipeline_id,
        label as pipeline_label,
        coalesce(cell ->> '$.stageId', cell ->> '$.id') as stage_id,
        cell ->> '$.label' as stage,
        coalesce(cell ->> '$.displayOrder', cell ->> '$.display_order') as display_order,
        lower(coalesce(cell ->> '$.metadata.isClosed', cell ->> '$.isClosed')) as is_closed,
        lower(cell ->> '$.closedWon') as closed_won,
        coalesce(cell ->> '$.metadata.probability', cell ->> '$.probability') as probability,
        modified_at,
        _file,
        _line
    from (
        select
            *,
            unnest(
                case when json_valid(stages) then json_extract(stages, '$[*]') else [] end
            ) as cell
        from pipelines
    )
),

pipeline_names as (
    select lower(word) as word, min(label) as label
    from (
        select pipeline_id as word, label from pipelines
        union all
        select pipeline_id, pipeline_label
        from told_stages
        where pipeline_id not in (select pipeline_id from pipelines)
    )
    where word is not null and label is not null
    group by lower(word)
),

dictionary as (
    select
        coalesce(n.label, s.pipeline_label, s.pipeline_id, 'default') as pipeline,
        s.stage_id,
        s.stage,
        try_cast(s.display_order as integer) as place,
        -- A stage from which nothing can be won ends a deal, whatever else is said of it.
        case
            when 'true' in (s.is_closed, s.closed_won) or q.probability = 0 then true
            else coalesce(s.is_closed = 'true', q.probability = 1)
        end as is_closed,
        coalesce(
            s.closed_won = 'true',
            case when s.is_closed = 'false' then false else q.probability = 1 end
        ) as is_won,
        q.probability
    from told_stages as s
    left join pipeline_names as n on lower(s.pipeline_id) = n.word
    cross join lateral (
        select
            case
                when try_cast(s.probability as double) > 1
                    then try_cast(s.probability as double) / 100
                else try_cast(s.probability as double)
            end as probability
    ) as q
    where s.stage_id is not null and s.stage is not null
    qualify row_number() over (
        partition by coalesce(n.label, s.pipeline_label, s.pipeline_id, 'default'), s.stage_id
        order by s.modified_at desc nulls last, s._file desc, s._line desc
    ) = 1
),

known as (
    select
        pipeline,
        stage,
        min(place) as place,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won,
        max(probability) as probability
    from dictionary
    group by pipeline, stage
),

-- A stage goes by its id or by its label: an id in every pipeline, a label in its own.
words as (
    select pipeline, lower(word) as word, min(stage) as stage
    from (
        select pipeline, stage_id as word, stage from dictionary
        union all
        select pipeline, stage as word, stage from dictionary
    )
    group by pipeline, lower(word)
),

ids as (
    select
        lower(stage_id) as word,
        min(stage) as stage,
        bool_or(is_closed) as is_closed,
        bool_or(is_won) as is_won,
        max(probability) as probability
    from dictionary
    group by lower(stage_id)
),

-- An owner goes by the id, by the full name or by the address.
people as (
    select word, min(id) as id
    from (
        select id as word, id from raw.hubspot_owner
        union all
        select lower(trim(concat_ws(' ', first_name, last_name))) as word, id
        from raw.hubspot_owner
        union all
        select lower(trim(email)) as word, id from raw.hubspot_owner
    )
    where word <> ''
    group by word
),

-- Of several companies the primary one, which landings tell as type 5.
companies as (
    select
        deal_id,
        arg_min(company_id, (coalesce(type_id, '') <> '5', company_id)) as company_id
    from raw.hubspot_deal_company
    group by deal_id
),

histories as (
    select deal_id, min(level) as level
    from (
        select deal_id, 1 as level
        from raw.hubspot_property_history
        where
            nullif(trim(value), '') is not null
            and (
                regexp_replace(lower(property), '[ _]', '', 'g') = 'dealstage'
                or (
                    not coalesce(regexp_full_match(property, '[a-z0-9_]+'), false)
                    and contains(regexp_replace(lower(_file), '[^a-z]', '', 'g'), 'dealstage')
                )
            )
        union all
        select deal_id, 1 from raw.hubspot_deal_stage
        union all
        select deal_id, 2 from raw.hubspot_stage_date
        union all
        select id, 2 from raw.hubspot_deal_stage_entry
    )
    group by deal_id
),

named as (
    select
        l.*,
        coalesce(n.label, l.deal_pipeline, 'default') as pipeline,
        coalesce(w.stage, i.stage, l.deal_stage) as stage,
        i.is_closed as is_closed_id,
        i.is_won as is_won_id,
        i.probability as probability_id
    from latest as l
    left join pipeline_names as n on lower(l.deal_pipeline) = n.word
    left join words as w
        on
            coalesce(n.label, l.deal_pipeline, 'default') = w.pipeline
            and lower(l.deal_stage) = w.word
    left join ids as i on lower(l.deal_stage) = i.word
),

flagged as (
    select
        n.*,
        coalesce(
            case when 'true' in (n.is_closed, n.is_won, n.is_lost) then true end,
            -- HubSpot calls a custom stage of no chance open; its deals are lost.
            k.is_closed,
            n.is_closed_id,
            n.is_closed = 'true',
            case when regexp_full_match(lower(n.deal_stage), 'closed ?(won|lost)') then true end
        ) as is_closed_now,
        coalesce(
            case when n.is_won = 'true' then true end,
            k.is_won,
            n.is_won_id,
            n.is_won = 'true',
            case when regexp_full_match(lower(n.deal_stage), 'closed ?won') then true end
        ) as is_won_now,
        coalesce(
            case
                when try_cast(n.probability as double) > 1
                    then try_cast(n.probability as double) / 100
                else try_cast(n.probability as double)
            end,
            k.probability,
            n.probability_id
        ) as crm_probability
    from named as n
    left join known as k on n.pipeline = k.pipeline and n.stage = k.stage
)

select
    'hubspot' as source,
    'hubspot:' || f.id as deal_id,
    f.id as source_id,
    'hubspot:' || coalesce(
        nullif(regexp_extract(f.company_ids, '[0-9]+'), ''),
        c.company_id,
        nullif(trim(f.company_name), '')
    ) as account_id,
    'hubspot:' || coalesce(o.id, f.owner) as seller_id,
    f.pipeline,
    f.deal_name as name,
    try_cast(f.amount as double) as amount,
    f.currency,
    try_cast(f.created_at as timestamp) as created_at,
    cast(floor(epoch(try_cast(f.created_at as timestamp))) as bigint) as created_sec,
    f.close_on,
    cast(f.close_on - date '1970-01-01' as integer) as close_day,
    f.is_closed_now as is_closed,
    case when f.is_closed_now then f.is_won_now else f.is_closed_now end as is_won,
    f.stage,
    f.crm_probability,
    nullif(trim(f.lost_reason), '') as lost_reason,
    nullif(trim(f.lost_reason_detail), '') as lost_reason_detail,
    nullif(trim(f.competitor), '') as competitor,
    nullif(trim(f.lead_source), '') as lead_source,
    f.deal_type,
    try_cast(f.return_date as date) as return_on,
    cast(try_cast(f.return_date as date) - date '1970-01-01' as integer) as return_day,
    cast(floor(epoch(try_cast(f.stage_entered_at as timestamp))) as bigint)
        as last_stage_change_sec,
    try_cast(f.modified_at as timestamp) as modified_at,
    cast(floor(epoch(try_cast(f.modified_at as timestamp))) as bigint) as modified_sec,
    cast(null as varchar) as outcome_hint,
    case
        when h.level = 1 then 'full'
        when h.level = 2 then 'latest_per_stage'
        when f.stage_entered_at is not null then 'last_change'
        else 'none'
    end as history_level,
    cast(null as boolean) as reopened_hint,
    cast(floor(epoch(try_cast(f.replied_at as timestamp))) as bigint) as last_inbound_sec,
    cast(null as bigint) as last_outbound_sec
from flagged as f
left join companies as c on f.id = c.deal_id
left join people as o
    on lower(regexp_replace(f.owner, ' *\((deactivated|removed).*$', '', 'i')) = o.word
left join histories as h on f.id = h.deal_id
where
    not coalesce('true' in (f.is_deleted, f.is_gone, f.is_archived), false)
    and f.deleted_at is null
    and f.id not in (select id from survivors)
