-- HubSpot deals, each by its latest line, with the name of its pipeline.
with latest as (
    select *
    from raw.hubspot_deal
    where id is not null
    qualify row_number() over (
        partition by id
        order by modified_at desc nulls last, synced_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    l.id,
    l.deal_name,
    l.deal_stage,
    l.company_ids,
    l.company_name,
    l.contact_ids,
    l.owner,
    l.amount,
    l.currency,
    l.probability,
    l.created_at,
    l.modified_at,
    l.stage_entered_at,
    l.replied_at,
    l.close_on,
    l.is_closed,
    l.is_won,
    l.is_lost,
    l.lost_reason,
    l.lost_reason_detail,
    l.won_reason,
    l.competitor,
    l.lead_source,
    l.deal_type,
    l.return_date,
    l.is_deleted,
    l.is_gone,
    l.is_archived,
    l.deleted_at,
    l._file,
    coalesce(n.label, l.deal_pipeline, 'default') as pipeline
from latest as l
left join crm.hubspot_pipeline_names as n on lower(l.deal_pipeline) = n.word
