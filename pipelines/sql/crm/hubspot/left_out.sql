-- What HubSpot activities leave out by design, counted: mail that was not sent, or not yet, and
-- mail within the own company.
with domains as (
    select list(domain) as own from crm.hubspot_own_domains
),

emails as (
    select
        e.id,
        case
            when upper(trim(e.email_status)) in ('FAILED', 'SCHEDULED', 'DRAFT') then 'drafts'
            when
                list_contains(d.own, regexp_extract(lower(e.from_email), '@([a-z0-9.-]+)', 1))
                and len(t.domains) > 0
                and list_has_all(d.own, t.domains)
                then 'internal_acts'
        end as trap
    from raw.hubspot_email as e
    cross join domains as d
    cross join lateral (
        select list_distinct(
            regexp_extract_all(lower(coalesce(e.to_email, '')), '@([a-z0-9.-]+)', 1)
        ) as domains
    ) as t
    where not coalesce('true' in (e.is_deleted, e.is_gone, e.is_archived), false)
)

select
    'hubspot' as source,
    trap,
    count(distinct id) as acts
from emails
where trap is not null
group by trap
