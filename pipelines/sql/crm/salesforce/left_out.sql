-- What Salesforce activities leave out by design, counted: drafts, attendees' copies of meetings,
-- masters of a series, and mail and calls within the own company.
with domains as (
    select list(distinct domain) as own
    from (
        select
            regexp_replace(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1), '\.invalid$', '')
                as domain
        from raw.salesforce_user
    )
    where
        domain <> ''
        and domain not in (
            'gmail.com', 'googlemail.com', 'outlook.com', 'hotmail.com', 'live.com', 'yahoo.com',
            'icloud.com', 'me.com', 'aol.com', 'proton.me', 'gmx.de', 'web.de', 'qq.com',
            'naver.com', 'daum.net', 'hanmail.net', 'kakao.com', 'nate.com'
        )
),

emails as (
    select
        e.id,
        case
            when lower(e.status) in ('5', 'draft') then 'drafts'
            when
                list_contains(
                    d.own, regexp_extract(lower(coalesce(e.from_address, '')), '@([a-z0-9.-]+)', 1)
                )
                and len(t.domains) > 0
                and list_has_all(d.own, t.domains)
                then 'internal_acts'
        end as trap
    from raw.salesforce_email_message as e
    cross join domains as d
    cross join lateral (
        select list_distinct(
            regexp_extract_all(lower(coalesce(e.to_address, '')), '@([a-z0-9.-]+)', 1)
        ) as domains
    ) as t
    where coalesce(e.is_deleted, 'false') <> 'true'
),

tasks as (
    select
        id,
        case
            when is_recurrence = 'true' then 'series_masters'
            when call_type = 'Internal' then 'internal_acts'
        end as trap
    from raw.salesforce_task
    where coalesce(is_deleted, 'false') <> 'true'
),

events as (
    select
        id,
        case when is_child = 'true' then 'attendee_copies' end as trap
    from raw.salesforce_event
    where coalesce(is_deleted, 'false') <> 'true'
)

select
    'salesforce' as source,
    trap,
    count(distinct id) as acts
from (
    select * from emails
    union all
    select * from tasks
    union all
    select * from events
)
where trap is not null
group by trap
