-- Zoho accounts in the core shape, and those that only deals name.
with latest as (
    select *
    from raw.zoho_account
    qualify row_number() over (
        partition by regexp_replace(id, '^zcrm_', '')
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
),

listed as (
    select
        regexp_replace(id, '^zcrm_', '') as account,
        account_name as name,
        industry,
        try_cast(employees as bigint) as employees,
        country,
        incumbent,
        try_cast(created_at as timestamp) as created_at
    from latest
),

named as (
    select
        coalesce(regexp_replace(account_id, '^zcrm_', ''), lower(account_name)) as account,
        min(account_name) as name,
        min(try_cast(created_at as timestamp)) as created_at
    from raw.zoho_deal
    group by coalesce(regexp_replace(account_id, '^zcrm_', ''), lower(account_name))
),

every as (
    select * from listed
    union all by name
    select n.*
    from named as n
    where n.account is not null and n.account not in (select account from listed)
)

select
    'zoho' as source,
    'zoho:' || account as account_id,
    name,
    industry,
    employees,
    country,
    incumbent,
    created_at,
    cast(epoch(created_at) as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from every
