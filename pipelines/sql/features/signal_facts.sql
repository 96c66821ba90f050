-- What could be known of a deal at the end of the day of its first indecision signal, from dated
-- facts only: the covariates of the comparison.
with stage_facts as (
    select
        s.deal_id,
        c.to_stage_order as stage_order,
        c.is_to_closed,
        c.changed_day,
        row_number() over (partition by s.deal_id order by c.seq desc) as recency
    from features.signals as s
    inner join core.stage_changes as c
        on s.deal_id = c.deal_id and c.changed_sec < s.signal_end_sec
),

close_date_facts as (
    select
        s.deal_id,
        c.to_day as expected_day,
        sum(case when c.is_push then 1 else 0 end) over (partition by s.deal_id) as pushes,
        row_number() over (
            partition by s.deal_id order by c.seq desc
        ) as recency
    from features.signals as s
    inner join core.close_date_changes as c
        on s.deal_id = c.deal_id and c.changed_sec < s.signal_end_sec
    where not c.is_at_close
),

amount_facts as (
    select
        s.deal_id,
        c.to_amount as amount,
        row_number() over (
            partition by s.deal_id order by c.seq desc
        ) as recency
    from features.signals as s
    inner join core.amount_changes as c
        on s.deal_id = c.deal_id and c.changed_sec < s.signal_end_sec
),

life_facts as (
    select
        s.deal_id,
        max(l.day) as last_life_day,
        max(l.sec) as last_life_sec
    from features.signals as s
    inner join core.signs_of_life as l
        on s.deal_id = l.deal_id and l.sec < s.signal_end_sec
    group by s.deal_id
),

activity_facts as (
    select
        s.deal_id,
        sum(case when a.is_touch then 1 else 0 end) as touches,
        sum(case when a.is_reply then 1 else 0 end) as replies,
        sum(case when a.kind = 'meeting' and a.is_sign_of_life then 1 else 0 end)
            as meetings_held,
        sum(
            case
                when a.is_touch and (l.last_life_sec is null or a.known_sec > l.last_life_sec)
                    then 1
                else 0
            end
        ) as touches_since_life
    from features.signals as s
    inner join core.activities as a
        on s.deal_id = a.deal_id and a.known_sec < s.signal_end_sec
    left join life_facts as l on s.deal_id = l.deal_id
    group by s.deal_id
),

contact_facts as (
    select
        s.deal_id,
        count(*) as contacts
    from features.signals as s
    inner join core.deal_contacts as c
        on s.deal_id = c.deal_id and c.added_sec < s.signal_end_sec
    group by s.deal_id
),

option_facts as (
    select
        s.deal_id,
        count(*) as options
    from features.signals as s
    inner join core.options as o
        on s.deal_id = o.deal_id and o.offered_sec < s.signal_end_sec
    where
        o.kind <> 'incumbent'
        and (o.withdrawn_sec is null or o.withdrawn_sec >= s.signal_end_sec)
    group by s.deal_id
)

select
    s.deal_id,
    coalesce(st.is_to_closed, false) or coalesce(d.closed_sec < s.signal_end_sec, false)
        as is_closed,
    m.amount,
    s.signal_day - d.created_day as age_days,
    st.stage_order,
    s.signal_day - st.changed_day as days_in_stage,
    cast(coalesce(e.pushes, 0) as integer) as pushes,
    cast(coalesce(a.touches, 0) as integer) as touches_all,
    cast(coalesce(a.replies, 0) as integer) as replies_all,
    s.signal_day - coalesce(l.last_life_day, d.created_day) as silence_days,
    cast(coalesce(a.meetings_held, 0) as integer) as meetings_held,
    cast(coalesce(c.contacts, 0) as integer) as contacts,
    cast(coalesce(o.options, 0) as integer) as options,
    cast(coalesce(a.touches_since_life, 0) as integer) as touches_since_sign_of_life,
    e.expected_day - s.signal_day as days_to_expected_close
from features.signals as s
inner join core.deals as d on s.deal_id = d.deal_id
left join stage_facts as st on s.deal_id = st.deal_id and st.recency = 1
left join close_date_facts as e on s.deal_id = e.deal_id and e.recency = 1
left join amount_facts as m on s.deal_id = m.deal_id and m.recency = 1
left join life_facts as l on s.deal_id = l.deal_id
left join activity_facts as a on s.deal_id = a.deal_id
left join contact_facts as c on s.deal_id = c.deal_id
left join option_facts as o on s.deal_id = o.deal_id
