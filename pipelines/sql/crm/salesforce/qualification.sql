-- Values that tracked fields of Salesforce deals took, each with its day; which of the fields are
-- elements of a qualification framework is decided by rules.
select
    'salesforce' as source,
    'salesforce:' || h.opportunity_id as deal_id,
    h.field,
    nullif(trim(h.new_value), '') as value,
    coalesce(h.id, concat_ws('/', h._file, h._line)) as change_id,
    try_cast(h.created_date as timestamp) as answered_at,
    cast(epoch(try_cast(h.created_date as timestamp)) as bigint) as answered_sec
from raw.salesforce_opportunity_field_history as h
where
    regexp_replace(lower(h.field), '[^a-z]', '', 'g') not in (
        'stagename', 'stage', 'closedate', 'amount', 'owner', 'ownerid', 'created', 'probability',
        'forecastcategory', 'forecastcategoryname', 'nextstep', 'name', 'type', 'leadsource'
    )
    and coalesce(h.is_deleted, 'false') <> 'true'
    and coalesce(h.is_gone, 'false') <> 'true'
    and h.gone_at is null
    and h.opportunity_id is not null
    and try_cast(h.created_date as timestamp) is not null
qualify row_number() over (
    partition by coalesce(h.id, concat_ws('/', h._file, h._line))
    order by h.synced_at desc nulls last, h._file desc, h._line desc
) = 1
