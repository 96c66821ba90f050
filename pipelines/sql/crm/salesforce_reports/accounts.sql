-- Accounts that only Salesforce reports name: by id, or by name where no id is told.
with named as (
    select account_id, nullif(trim(account_name), '') as name
    from raw.salesforce_reports_opportunity
    union
    select account_id, nullif(trim(account_name), '') from raw.salesforce_reports_activity
),

known as (
    select lower(trim(name)) as word from raw.salesforce_account
    union
    select lower(name) from named where account_id is not null
)

select
    'salesforce' as source,
    'salesforce:' || coalesce(account_id, name) as account_id,
    min(name) as name,
    cast(null as varchar) as industry,
    cast(null as bigint) as employees,
    cast(null as varchar) as country,
    cast(null as varchar) as incumbent,
    cast(null as timestamp) as created_at,
    cast(null as bigint) as created_sec,
    cast(null as varchar) as survivor_id
from named
where
    (account_id is not null or name is not null)
    and coalesce(account_id, '') not in (
        select id from raw.salesforce_account where id is not null
    )
    and (
        account_id is not null
        or lower(name) not in (select word from known where word is not null)
    )
group by coalesce(account_id, name)
