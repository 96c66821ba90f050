-- How many elements of each qualification framework stood answered on a deal: one row per deal and
-- week in which one was answered or cleared, known at the landmarks from from_week down to, but not
-- including, until_week.
with changes as (
    select
        q.deal_id,
        q.framework,
        case when q.is_answered then 1 else -1 end as change,
        cast(floor((p.as_of_end_sec - 1 - q.answered_sec) / 604800) as integer) as week
    from core.qualification as q
    cross join core.parameters as p
),

weekly as (
    select
        deal_id,
        week,
        sum(case when framework = 'meddpicc' then change else 0 end) as meddpicc,
        sum(case when framework = 'bant' then change else 0 end) as bant,
        sum(case when framework = 'spin' then change else 0 end) as spin,
        sum(case when framework = 'challenger' then change else 0 end) as challenger,
        sum(case when framework = 'command_of_the_message' then change else 0 end)
            as command_of_the_message,
        sum(
            case
                when
                    framework not in (
                        'meddpicc', 'bant', 'spin', 'challenger', 'command_of_the_message'
                    )
                    then change
                else 0
            end
        ) as custom
    from changes
    group by deal_id, week
)

select
    deal_id,
    week as from_week,
    coalesce(lead(week) over (partition by deal_id order by week desc), -1) as until_week,
    cast(sum(meddpicc) over (
        partition by deal_id order by week desc
        rows between unbounded preceding and current row
    ) as integer) as meddpicc,
    cast(sum(bant) over (
        partition by deal_id order by week desc
        rows between unbounded preceding and current row
    ) as integer) as bant,
    cast(sum(spin) over (
        partition by deal_id order by week desc
        rows between unbounded preceding and current row
    ) as integer) as spin,
    cast(sum(challenger) over (
        partition by deal_id order by week desc
        rows between unbounded preceding and current row
    ) as integer) as challenger,
    cast(sum(command_of_the_message) over (
        partition by deal_id order by week desc
        rows between unbounded preceding and current row
    ) as integer) as command_of_the_message,
    cast(sum(custom) over (
        partition by deal_id order by week desc
        rows between unbounded preceding and current row
    ) as integer) as custom
from weekly
