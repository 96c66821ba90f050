-- The resources of an event log as sellers; those the contract names as automata are marked.
select
    e.contract as source,
    e.contract || ':' || e.resource as seller_id,
    e.resource as name,
    cast(null as varchar) as team,
    true as is_active,
    coalesce(
        max(list_contains(string_split(c.automaton_resources, ';'), e.resource)), false
    ) as is_automatic,
    cast(null as varchar) as email_domain
from raw.event_log_event as e
left join raw.event_log_contract as c on e.contract = c.contract
where e.resource is not null
group by e.contract, e.resource
