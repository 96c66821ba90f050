-- Leads of Salesforce reports that no export of the object holds. A report without ids knows a lead
-- by its company, its person and the day it was created.
with named as (
    select
        *,
        coalesce(
            lead_id,
            concat_ws(
                ' / ',
                nullif(trim(company), ''),
                nullif(trim(concat_ws(' ', first_name, last_name)), ''),
                cast(try_cast(created_date as date) as varchar)
            )
        ) as id
    from raw.salesforce_reports_lead
),

latest as (
    select *
    from named
    where id not in (select id from raw.salesforce_lead where id is not null)
    qualify row_number() over (
        partition by id order by last_modified_date desc nulls last, _file desc, _line
    ) = 1
)

select
    'salesforce' as source,
    'salesforce:' || l.id as lead_id,
    cast(null as varchar) as account_id,
    'salesforce:' || coalesce(u.id, nullif(trim(l.lead_owner), '')) as seller_id,
    try_cast(l.created_date as timestamp) as created_at,
    cast(epoch(try_cast(l.created_date as timestamp)) as bigint) as created_sec,
    l.lead_status as status,
    nullif(trim(l.disqualified_reason), '') as reason,
    'salesforce:' || l.opportunity_id as deal_id,
    try_cast(l.last_modified_date as timestamp) as modified_at,
    cast(epoch(try_cast(l.last_modified_date as timestamp)) as bigint) as modified_sec
from latest as l
left join crm.salesforce_reports_user_words as u on lower(trim(l.lead_owner)) = u.word
