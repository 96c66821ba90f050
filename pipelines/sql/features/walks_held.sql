-- Each time a seller walked away from a deal by their own act, what was left on record, and whether
-- it held: endings and parkings as features.walks tells them, recorded disqualifications before any
-- signal, and endings that were taken back. Of the latter the record keeps no reason, so they count
-- by the rule for endings without one: no sign of life between the signal and the ending. What came
-- first within horizon_days: the buyer moved (a reply of the account, or of the deal where it has
-- none), the date to return was due, or the seller reversed it, by opening the deal again or by a
-- touch on it more than three days after; came is null where nothing did by today. Null:
-- has_reason and has_misfit of parkings, of what was taken back, and where a source records no
-- reasons; has_return_date likewise where it holds no such dates. is_observed: replies are on record.
with closers as (
    select
        c.deal_id,
        c.changed_sec,
        max(case when b.is_automatic then 1 else 0 end) as is_automatic
    from core.stage_changes as c
    inner join core.sellers as b on c.changed_by = b.seller_id
    where c.is_to_closed
    group by c.deal_id, c.changed_sec
),

-- A contract of an event log names endings, not reasons.
reasoned as (
    select source
    from core.capabilities
    where capability = 'lost_reason' and value in ('picklist', 'text', 'stage')
),

dated as (
    select source
    from core.deals
    where return_day is not null
    group by source
),

heard as (
    select source
    from core.activities
    where is_reply
    group by source
),

life_after as (
    select
        s.deal_id,
        min(l.day) as next_life_day
    from features.signals as s
    inner join core.signs_of_life as l on s.deal_id = l.deal_id and l.day > s.signal_day
    group by s.deal_id
),

steps as (
    select
        deal_id,
        changed_sec,
        changed_day,
        to_stage_class,
        is_to_closed,
        is_bulk,
        lead(changed_day) over (partition by deal_id order by seq) as next_day,
        lead(is_to_closed) over (partition by deal_id order by seq) as is_next_closed
    from core.stage_changes
),

-- What was opened again on the very day was a slip of the hand.
undone as (
    select
        s.deal_id,
        s.changed_sec as act_sec,
        s.changed_day as act_day
    from steps as s
    inner join features.signals as g on s.deal_id = g.deal_id
    left join life_after as l on s.deal_id = l.deal_id
    left join closers as c on s.deal_id = c.deal_id and s.changed_sec = c.changed_sec
    where
        s.is_to_closed
        and not s.is_bulk
        and not s.is_next_closed
        and s.next_day > s.changed_day
        and coalesce(c.is_automatic, 0) = 0
        and s.changed_day > g.signal_day
        and (
            s.to_stage_class in ('disqualified', 'seller_drop')
            or (
                s.to_stage_class in ('lost', 'no_decision')
                and (l.next_life_day is null or l.next_life_day > s.changed_day)
            )
        )
),

acts as (
    select
        deal_id,
        any_walk_sec as act_sec,
        any_walk_day as act_day,
        false as is_undone
    from features.walks
    where any_walk_day is not null
    union all
    select
        deal_id,
        act_sec,
        act_day,
        true
    from undone
    union all
    select
        q.deal_id,
        q.disqualified_sec,
        q.disqualified_day,
        false
    from core.disqualifications as q
    inner join core.outcomes as o on q.deal_id = o.deal_id
    left join features.walks as w on q.deal_id = w.deal_id and w.any_walk_day is not null
    left join closers as c on q.deal_id = c.deal_id and q.disqualified_sec = c.changed_sec
    where
        w.deal_id is null
        and (q.act = 'parking' or (not o.is_cleanup and coalesce(c.is_automatic, 0) = 0))
),

told as (
    select
        a.deal_id,
        a.act_sec,
        a.act_day,
        a.is_undone,
        d.source,
        coalesce(d.account_id, d.deal_id) as party,
        coalesce(n.seller_id, d.seller_id) as seller_id,
        not a.is_undone
        and d.status = 'lost'
        and (a.act_day = d.closed_day or o.outcome = 'disqualified') as is_told,
        o.has_reason,
        o.has_reason and coalesce(o.reason_class = 'disqualified', false) as has_misfit,
        case when not a.is_undone then d.return_day end as return_day,
        p.horizon_days,
        least(p.as_of_day, a.act_day + p.horizon_days) as last_day,
        p.as_of_day
    from acts as a
    inner join core.deals as d on a.deal_id = d.deal_id
    inner join core.outcomes as o on a.deal_id = o.deal_id
    left join features.owner_spells as n
        on
            a.deal_id = n.deal_id
            and a.act_sec >= n.from_sec
            and (n.until_sec is null or a.act_sec < n.until_sec)
    cross join core.parameters as p
    where o.outcome <> 'excluded'
),

parties as (
    select
        deal_id,
        coalesce(account_id, deal_id) as party
    from core.deals
),

replies as (
    select
        t.deal_id,
        t.act_sec,
        min(a.known_day) as buyer_day
    from told as t
    inner join parties as y on t.party = y.party
    inner join core.activities as a on y.deal_id = a.deal_id
    where a.is_reply and a.known_sec > t.act_sec and a.known_day <= t.last_day
    group by t.deal_id, t.act_sec
),

touches as (
    select
        t.deal_id,
        t.act_sec,
        min(a.happened_day) as touch_day
    from told as t
    inner join core.activities as a on t.deal_id = a.deal_id
    where a.is_touch and a.happened_day > t.act_day + 3 and a.happened_day <= t.last_day
    group by t.deal_id, t.act_sec
),

openings as (
    select
        t.deal_id,
        t.act_sec,
        min(c.changed_day) as open_day
    from told as t
    inner join core.stage_changes as c on t.deal_id = c.deal_id
    where
        not c.is_to_closed
        and coalesce(c.to_stage_class, 'open') <> 'nurture'
        and c.changed_day > t.act_day
        and c.changed_day <= t.last_day
    group by t.deal_id, t.act_sec
),

moved as (
    select
        t.*,
        coalesce(r.buyer_day, t.last_day + 1) as buyer_day,
        coalesce(case when t.return_day > t.act_day then t.return_day end, t.last_day + 1)
            as due_day,
        coalesce(h.touch_day, t.last_day + 1) as touch_day,
        coalesce(o.open_day, t.last_day + 1) as open_day
    from told as t
    left join replies as r on t.deal_id = r.deal_id and t.act_sec = r.act_sec
    left join touches as h on t.deal_id = h.deal_id and t.act_sec = h.act_sec
    left join openings as o on t.deal_id = o.deal_id and t.act_sec = o.act_sec
)

select
    m.deal_id,
    m.seller_id,
    b.team,
    epoch_ms(m.act_sec * 1000) as act_at,
    m.act_day,
    cast(
        12 * extract(year from cast('1970-01-01' as date) + m.act_day)
        + extract(month from cast('1970-01-01' as date) + m.act_day) - 1 as integer
    ) as month,
    m.is_undone,
    case when m.is_told and k.source is not null then m.has_reason end as has_reason,
    case when m.is_told and k.source is not null then m.has_misfit end as has_misfit,
    case when m.is_told and r.source is not null then m.return_day is not null end
        as has_return_date,
    case
        when least(m.buyer_day, m.due_day, m.touch_day, m.open_day) > m.last_day then null
        when m.buyer_day <= least(m.due_day, m.touch_day, m.open_day) then 'buyer_moved'
        when m.due_day <= least(m.touch_day, m.open_day) then 'due'
        when m.open_day <= m.touch_day then 'reopened'
        else 'touched'
    end as came,
    cast(
        least(m.buyer_day, m.due_day, m.touch_day, m.open_day, m.last_day) - m.act_day as integer
    ) as days,
    cast(m.as_of_day - m.act_day as integer) as followup_days,
    h.source is not null as is_observed,
    m.source
from moved as m
left join reasoned as k on m.source = k.source
left join dated as r on m.source = r.source
left join heard as h on m.source = h.source
left join core.sellers as b on m.seller_id = b.seller_id
