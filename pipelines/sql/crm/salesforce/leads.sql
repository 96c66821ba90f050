-- Salesforce leads in the core shape, with the deal a lead became.
with latest as (
    select *
    from raw.salesforce_lead
    where id is not null
    qualify row_number() over (
        partition by id
        order by
            coalesce(system_modstamp, last_modified_date) desc nulls last,
            version_start desc nulls first, synced_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || id as lead_id,
    'salesforce:' || converted_account_id as account_id,
    'salesforce:' || owner_id as seller_id,
    try_cast(created_date as timestamp) as created_at,
    cast(epoch(try_cast(created_date as timestamp)) as bigint) as created_sec,
    status,
    nullif(trim(disqualified_reason), '') as reason,
    'salesforce:' || converted_opportunity_id as deal_id,
    try_cast(coalesce(last_modified_date, system_modstamp) as timestamp) as modified_at,
    cast(
        epoch(try_cast(coalesce(last_modified_date, system_modstamp) as timestamp)) as bigint
    ) as modified_sec
from latest
where
    coalesce(is_deleted, 'false') <> 'true'
    and coalesce(is_gone, 'false') <> 'true'
    and coalesce(is_current, 'true') = 'true'
    and gone_at is null
