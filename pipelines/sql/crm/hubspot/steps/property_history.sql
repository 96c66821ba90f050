-- What the history of HubSpot properties tells of stages, amounts and close dates. A file of one
-- property need not name it on its lines; then the file's name does.
select distinct
    deal_id,
    case
        when word in ('dealstage', 'closedate', 'amount') then word
        when not coalesce(regexp_full_match(property, '[a-z0-9_]+'), false)
            then regexp_extract(
                regexp_replace(lower(_file), '[^a-z]', '', 'g'), 'dealstage|closedate|amount'
            )
    end as property,
    nullif(trim(value), '') as value,
    try_cast(timestamp as timestamp) as moment,
    upper(source) as source,
    coalesce(user_id, nullif(regexp_extract(source_id, 'userId:([0-9]+)', 1), '')) as user_id
from (
    select *, regexp_replace(lower(property), '[ _]', '', 'g') as word
    from raw.hubspot_property_history
)
where try_cast(timestamp as timestamp) is not null and nullif(trim(value), '') is not null
