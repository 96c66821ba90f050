-- The deal that each file of Pipedrive flow is of. What a flow tells of one deal may name the deal
-- on its changes only, or in its file's name.
select
    _file,
    case
        when count(distinct deal) = 1 then min(deal)
        else
            nullif(
                regexp_extract(
                    lower(_file),
                    '(?:^|[/!_-])(?:deal[_-]?|(?:deals|flow)/|flow[_-])([0-9]+)(?:[^0-9]|$)',
                    1
                ),
                ''
            )
    end as key
from (
    select
        _file,
        coalesce(deal_id, case when field_key is not null then item_id end) as deal
    from raw.pipedrive_flow
)
group by _file
