-- Pipedrive users as sellers, and owners that only deals name.
with users as (
    select *
    from raw.pipedrive_user
    qualify row_number() over (
        partition by id order by update_time desc nulls last, _file desc, _line desc
    ) = 1
),

owners as (
    select
        -- A landing may keep a nested object as text.
        coalesce(
            nullif(regexp_extract(owner, '^\{.*["'']id["''] ?: ?"?([0-9]+)', 1), ''), owner
        ) as word,
        coalesce(
            owner_name,
            nullif(regexp_extract(owner, '^\{.*["'']name["''] ?: ?["'']([^"'']+)', 1), '')
        ) as name,
        coalesce(
            owner_email,
            nullif(regexp_extract(owner, '^\{.*["'']email["''] ?: ?["'']([^"'']+)', 1), '')
        ) as email
    from raw.pipedrive_deal
),

told as (
    select id, name, email, coalesce(active_flag, 'true') = 'true' as is_active from users
    union all
    select
        o.word,
        coalesce(
            max(o.name), case when not regexp_full_match(o.word, '[0-9]+') then min(o.word) end
        ),
        max(o.email),
        true
    from owners as o
    left join crm.pipedrive_user_words as p on lower(trim(o.word)) = p.word
    where o.word is not null and p.word is null
    group by o.word
)

select
    'pipedrive' as source,
    'pipedrive:' || id as seller_id,
    name,
    cast(null as varchar) as team,
    is_active,
    regexp_matches(
        lower(coalesce(name, '')), '\b(api|integration|system|sync|bot|automation) ?(user)?$'
    ) as is_automatic,
    nullif(regexp_extract(lower(email), '@([a-z0-9.-]+)', 1), '') as email_domain
from told
