-- Values that properties of HubSpot deals took, each with its day; which of the properties are
-- elements of a qualification framework is decided by rules.
select distinct
    'hubspot' as source,
    'hubspot:' || deal_id as deal_id,
    property as field,
    nullif(trim(value), '') as value,
    coalesce(nullif(trim(value), ''), '') as change_id,
    try_cast(timestamp as timestamp) as answered_at,
    cast(floor(epoch(try_cast(timestamp as timestamp))) as bigint) as answered_sec
from raw.hubspot_property_history
where
    try_cast(timestamp as timestamp) is not null
    and nullif(trim(property), '') is not null
    and regexp_replace(lower(property), '[ _]', '', 'g') not in (
        'dealstage', 'closedate', 'amount', 'hubspotownerid', 'dealowner', 'dealname', 'pipeline'
    )
    and lower(property) not like 'hs\_%' escape '\'
