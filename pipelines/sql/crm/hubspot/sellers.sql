-- HubSpot owners as sellers, and those that deals name without a list of owners.
with latest as (
    select *
    from raw.hubspot_owner
    qualify row_number() over (
        partition by id order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

told as (
    select
        id,
        coalesce(nullif(trim(concat_ws(' ', first_name, last_name)), ''), email) as name,
        team,
        coalesce(is_archived, 'false') <> 'true' and coalesce(is_active, 'true') = 'true'
            as is_active,
        nullif(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1), '') as email_domain
    from latest
    union all
    select distinct
        d.owner,
        case when not regexp_full_match(d.owner, '[0-9]+') then d.owner end,
        null,
        not regexp_matches(lower(d.owner), '\((deactivated|removed)'),
        null
    from raw.hubspot_deal as d
    left join crm.hubspot_owner_words as p
        on lower(regexp_replace(d.owner, ' *\((deactivated|removed).*$', '', 'i')) = p.word
    where d.owner is not null and p.word is null
)

select
    'hubspot' as source,
    'hubspot:' || id as seller_id,
    name,
    team,
    is_active,
    regexp_matches(
        lower(coalesce(name, '')), '\b(api|integration|system|sync|bot|automation) ?(user)?$'
    ) as is_automatic,
    email_domain
from told
