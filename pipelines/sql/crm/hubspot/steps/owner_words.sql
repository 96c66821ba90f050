-- Words that a HubSpot owner goes by: the id, the full name or the address.
select word, min(id) as id
from (
    select id as word, id from raw.hubspot_owner
    union all
    select lower(trim(concat_ws(' ', first_name, last_name))) as word, id
    from raw.hubspot_owner
    union all
    select lower(trim(email)) as word, id from raw.hubspot_owner
)
where word <> ''
group by word
