-- HubSpot deals that are no deals any more: deleted, archived, or merged into another.
with survivors as (
    select id, survivor from crm.hubspot_survivors where kind = 'deal'
),

latest as (
    select
        id, pipeline, deal_stage, is_closed, is_won, is_lost, is_deleted, is_gone, is_archived,
        deleted_at
    from crm.hubspot_latest_deals
),

gone as (
    select
        id,
        case
            when id in (select id from survivors) then 'merged'
            when 'true' in (is_deleted, is_gone) or deleted_at is not null then 'deleted'
            when is_archived = 'true' then 'archived'
        end as why
    from latest
    union all
    select id, 'merged' from survivors where id not in (select id from latest)
)

select
    'hubspot' as source,
    'hubspot:' || g.id as deal_id,
    g.why,
    case
        when l.deal_stage is null and l.is_closed is null and l.is_won is null then null
        when
            coalesce(
                case when l.is_won = 'true' then true end,
                i.is_won,
                k.is_won,
                regexp_full_match(lower(l.deal_stage), 'closed ?won')
            )
            then 'won'
        when
            coalesce(
                case when 'true' in (l.is_closed, l.is_lost) then true end,
                i.is_closed,
                k.is_closed,
                regexp_full_match(lower(l.deal_stage), 'closed ?lost')
            )
            then 'lost'
        else 'open'
    end as status,
    'hubspot:' || s.survivor as survivor_id
from gone as g
left join latest as l on g.id = l.id
left join crm.hubspot_stage_ids as i on lower(l.deal_stage) = i.word
left join crm.hubspot_known_stages as k on l.pipeline = k.pipeline and lower(l.deal_stage) = lower(k.stage)
left join survivors as s on g.id = s.id
where g.why is not null
