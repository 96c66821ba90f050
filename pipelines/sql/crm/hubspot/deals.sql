-- HubSpot deals as they stand in the export; those deleted, archived or merged are in removals.
with -- Of several companies the primary one, which landings tell as type 5.
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
        coalesce(w.stage, i.stage, l.deal_stage) as stage,
        i.is_closed as is_closed_id,
        i.is_won as is_won_id,
        i.probability as probability_id
    from crm.hubspot_latest_deals as l
    left join crm.hubspot_stage_words as w
        on l.pipeline = w.pipeline and lower(l.deal_stage) = w.word
    left join crm.hubspot_stage_ids as i on lower(l.deal_stage) = i.word
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
    left join crm.hubspot_known_stages as k on n.pipeline = k.pipeline and n.stage = k.stage
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
    nullif(trim(f.won_reason), '') as won_reason,
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
left join crm.hubspot_owner_words as o
    on lower(regexp_replace(f.owner, ' *\((deactivated|removed).*$', '', 'i')) = o.word
left join histories as h on f.id = h.deal_id
where
    not coalesce('true' in (f.is_deleted, f.is_gone, f.is_archived), false)
    and f.deleted_at is null
    and f.id not in (select id from crm.hubspot_survivors where kind = 'deal')
