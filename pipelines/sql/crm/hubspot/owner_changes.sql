-- HubSpot deals given to another owner, as the history of hubspot_owner_id tells; the first owner
-- of a deal is no change.
with history as (
    select distinct
        deal_id,
        nullif(trim(value), '') as owner,
        try_cast(timestamp as timestamp) as moment,
        upper(source) as source,
        coalesce(user_id, nullif(regexp_extract(source_id, 'userId:([0-9]+)', 1), '')) as user_id
    from (
        select *, regexp_replace(lower(property), '[ _]', '', 'g') as word
        from raw.hubspot_property_history
    )
    where
        try_cast(timestamp as timestamp) is not null
        and (
            word in ('hubspotownerid', 'dealowner')
            -- A file of one property need not name it on its lines; then the file's name does.
            or (
                not coalesce(regexp_full_match(property, '[a-z0-9_]+'), false)
                and regexp_matches(
                    regexp_replace(lower(_file), '[^a-z]', '', 'g'), 'hubspotownerid|dealowner'
                )
            )
        )
),

owned as (
    select h.deal_id, h.moment, h.source, h.user_id, coalesce(p.id, h.owner) as owner
    from history as h
    left join crm.hubspot_owner_words as p
        on lower(regexp_replace(h.owner, ' *\((deactivated|removed).*$', '', 'i')) = p.word
),

steps as (
    select
        *,
        lag(owner) over (partition by deal_id order by moment, owner) as from_owner
    from owned
)

select
    'hubspot' as source,
    'hubspot:' || s.deal_id as deal_id,
    s.moment as changed_at,
    cast(floor(epoch(s.moment)) as bigint) as changed_sec,
    'hubspot:' || s.from_owner as from_seller_id,
    'hubspot:' || s.owner as to_seller_id,
    'hubspot:' || coalesce(o.id, 'user/' || s.user_id) as changed_by,
    case
        when
            regexp_matches(
                s.source,
                'IMPORT|BULK|BATCH|AUTOMATION|WORKFLOW|^API$|INTEGRATION|MERGE|CALCULATED|MIGRATION'
            )
            then true
        when regexp_matches(s.source, '^(CRM_UI|MOBILE|CRM UI|CONTACTS_WEB)') then false
    end as is_bulk
from steps as s
left join (
    select user_id, min(id) as id from raw.hubspot_owner group by user_id
) as o on s.user_id = o.user_id
where s.from_owner is not null and s.owner is not null and s.from_owner <> s.owner
