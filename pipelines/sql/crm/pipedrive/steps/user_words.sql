-- Words that a Pipedrive user goes by: the id, the name or the address.
select word, min(id) as id
from (
    select id as word, id from raw.pipedrive_user
    union all
    select lower(trim(name)) as word, id from raw.pipedrive_user
    union all
    select lower(trim(email)) as word, id from raw.pipedrive_user
)
where word <> ''
group by word
