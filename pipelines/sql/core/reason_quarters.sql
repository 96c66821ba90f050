-- Lost deals by the quarter they closed in, and how many of them carry a reason: teams stop filling
-- the field in, and then a share over all years says nothing about today.
with lost as (
    select
        source,
        year(closed_at) as year_no,
        quarter(closed_at) as quarter_of_year,
        case when trim(coalesce(lost_reason, lost_reason_detail)) <> '' then 1 else 0 end
            as has_reason
    from core.deals
    where status = 'lost' and closed_at is not null
)

select
    source,
    cast(year_no as varchar) || '-Q' || cast(quarter_of_year as varchar) as quarter,
    cast(year_no * 4 + quarter_of_year as integer) as quarter_no,
    count(*) as lost,
    sum(has_reason) as with_reason
from lost
group by source, year_no, quarter_of_year
