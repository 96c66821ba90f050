-- Salesforce opportunities that are no deals any more: deleted in Salesforce (exports of all rows
-- and landings keep them), or gone from it when a landing looked again.
with latest as (
    select *
    from raw.salesforce_opportunity
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
    'salesforce:' || id as deal_id,
    'deleted' as why,
    case
        when is_won = 'true' then 'won'
        when is_closed = 'true' then 'lost'
        when is_closed = 'false' then 'open'
    end as status,
    cast(null as varchar) as survivor_id
from latest
where
    is_deleted = 'true'
    or is_gone = 'true'
    or is_current = 'false'
    or gone_at is not null
