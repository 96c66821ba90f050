-- What was learned in each week of a deal's people, options and promises, as changes to running
-- counts; only weeks with something. contacts_late counts people added in the last two days of the
-- week: four weeks and these two days make a window of exactly 30 days.
with facts as (
    select
        deal_id,
        added_sec as sec,
        case when seniority = 'senior' then 'senior_contact' else 'contact' end as fact,
        1 as change
    from core.deal_contacts

    union all

    select
        deal_id,
        offered_sec,
        kind,
        1
    from core.options

    union all

    select
        deal_id,
        withdrawn_sec,
        kind,
        -1
    from core.options
    where withdrawn_sec is not null and kind <> 'incumbent'

    union all

    select
        deal_id,
        made_sec,
        made_by || '_made',
        1
    from core.commitments
    where made_by in ('buyer', 'seller')

    union all

    select
        deal_id,
        kept_sec,
        made_by || '_kept',
        1
    from core.commitments
    where made_by in ('buyer', 'seller') and kept_sec is not null

    union all

    -- A promise is overdue from the end of its day until it is kept.
    select
        deal_id,
        greatest(made_sec, 86400 * (cast(due_day as bigint) + 1) - 1),
        made_by || '_overdue',
        1
    from core.commitments
    where made_by in ('buyer', 'seller') and due_day is not null

    union all

    select
        deal_id,
        greatest(made_sec, 86400 * (cast(due_day as bigint) + 1) - 1, kept_sec),
        made_by || '_overdue',
        -1
    from core.commitments
    where made_by in ('buyer', 'seller') and due_day is not null and kept_sec is not null
),

dated as (
    select
        f.deal_id,
        f.fact,
        f.change,
        f.sec,
        p.as_of_end_sec,
        cast(floor((p.as_of_end_sec - 1 - f.sec) / 604800) as integer) as week
    from facts as f
    cross join core.parameters as p
    where f.sec < p.as_of_end_sec
)

select
    deal_id,
    week,
    cast(sum(case when fact in ('contact', 'senior_contact') then change else 0 end) as integer)
        as contacts,
    cast(sum(
        case
            when
                fact in ('contact', 'senior_contact')
                and sec >= as_of_end_sec - 604800 * week - 2 * 86400
                then change
            else 0
        end
    ) as integer) as contacts_late,
    cast(sum(case when fact = 'senior_contact' then change else 0 end) as integer)
        as senior_contacts,
    cast(sum(case when fact = 'ours' then change else 0 end) as integer) as options_ours,
    cast(sum(case when fact = 'competitor' then change else 0 end) as integer)
        as options_competitor,
    cast(max(case when fact = 'incumbent' then 1 else 0 end) as integer) as incumbents,
    max(
        case
            when fact in ('ours', 'competitor') and change > 0
                then cast(floor(sec / 86400) as integer)
        end
    ) as last_option_day,
    cast(sum(case when fact = 'buyer_made' then change else 0 end) as integer) as buyer_made,
    cast(sum(case when fact = 'buyer_kept' then change else 0 end) as integer) as buyer_kept,
    cast(sum(case when fact = 'buyer_overdue' then change else 0 end) as integer) as buyer_overdue,
    cast(sum(case when fact = 'seller_made' then change else 0 end) as integer) as seller_made,
    cast(sum(case when fact = 'seller_kept' then change else 0 end) as integer) as seller_kept,
    cast(sum(case when fact = 'seller_overdue' then change else 0 end) as integer)
        as seller_overdue
from dated
group by deal_id, week
