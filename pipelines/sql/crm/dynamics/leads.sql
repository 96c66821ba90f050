-- Dynamics leads in the core shape, with the deal a lead became.
with latest as (
    select *
    from raw.dynamics_lead
    qualify row_number() over (
        partition by lower(id)
        order by modified_at desc nulls last, _file desc, _line desc
    ) = 1
)

select
    'dynamics' as source,
    'dynamics:' || lower(id) as lead_id,
    'dynamics:' || lower(account_id) as account_id,
    'dynamics:' || lower(owner_id) as seller_id,
    try_cast(created_at as timestamp) as created_at,
    cast(epoch(try_cast(created_at as timestamp)) as bigint) as created_sec,
    case statecode
        when '0' then 'Open' when '1' then 'Qualified' when '2' then 'Disqualified' else statecode
    end as status,
    case
        when lower(statecode) in ('2', 'disqualified')
            then
                case statuscode
                    when '4' then 'Lost' when '5' then 'Cannot Contact'
                    when '6' then 'No Longer Interested' when '7' then 'Canceled' else statuscode
                end
    end as reason,
    'dynamics:' || lower(opportunity_id) as deal_id,
    try_cast(modified_at as timestamp) as modified_at,
    cast(epoch(try_cast(modified_at as timestamp)) as bigint) as modified_sec
from latest
