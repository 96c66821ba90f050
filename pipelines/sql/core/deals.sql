-- Deals as of as_of. Status, closing, stage and expected close follow the saved states where the
-- source has them, else the current row: a closing is the first state of the last unbroken run of
-- closed stages, and a deal whose last state is open is open, whatever it was before. Deals merged
-- into another are left out. Four marks tell what a deal is not: typed when it began (is_migrated),
-- a sales process (is_order_entry), new (recycled_from), dated by the system (is_backdated).
with runs as (
    select
        deal_id,
        max(seq) as last_seq,
        max(case when is_closed then -1 else seq end) as last_open_seq,
        min(case when is_closed then seq end) as first_closed_seq
    from core.deal_states
    group by deal_id
),

told as (
    select
        r.deal_id,
        l.is_closed,
        l.is_won,
        l.stage,
        l.amount,
        l.changed_sec as last_changed_sec,
        case when l.is_closed then c.changed_sec end as closed_sec,
        -- Closing overwrites the expected date, so a closed deal keeps the one it had while open.
        case when l.is_closed then o.expected_close_on else l.expected_close_on end
            as expected_close_on,
        case when l.is_closed then o.expected_close_day else l.expected_close_day end
            as expected_close_day,
        coalesce(r.first_closed_seq < r.last_open_seq, false) as is_reopened
    from runs as r
    inner join core.deal_states as l on r.deal_id = l.deal_id and r.last_seq = l.seq
    left join core.deal_states as o on r.deal_id = o.deal_id and r.last_open_seq = o.seq
    left join core.deal_states as c on r.deal_id = c.deal_id and r.last_open_seq + 1 = c.seq
),

-- Where the source does not say whether a deal is closed, what its stage is called tells. A closed
-- row was closed by its last change at the latest, whatever close date was left standing on it.
ended as (
    select
        d.*,
        coalesce(d.is_closed, n.is_closed, false) as is_closed_now,
        coalesce(d.is_won, n.is_won, false) as is_won_now,
        greatest(
            coalesce(
                d.last_stage_change_sec,
                least(
                    cast(d.close_day as bigint) * 86400 + 43200,
                    d.modified_sec,
                    case when p.as_of_override_day is null then p.as_of_end_sec - 1 end
                )
            ),
            d.created_sec
        ) as row_closed_sec,
        p.as_of_end_sec,
        p.reporting_currency
    from crm.deals as d
    cross join core.parameters as p
    left join core.removals as r on d.deal_id = r.deal_id and r.is_left_out
    left join core.stages as n
        on d.source = n.source and d.pipeline = n.pipeline and d.stage = n.stage
    where d.created_sec < p.as_of_end_sec and r.deal_id is null
),

-- A history that ends before the current row's closing is incomplete: the current row says more.
current_rows as (
    select
        e.*,
        e.is_closed_now
        and (
            t.deal_id is null
            or (not t.is_closed and e.last_stage_change_sec > t.last_changed_sec + 60)
            or (
                not t.is_closed
                and e.last_stage_change_sec is null
                and e.stage is distinct from t.stage
            )
        )
        and e.row_closed_sec < e.as_of_end_sec as is_closed_by_row
    from ended as e
    left join told as t on e.deal_id = t.deal_id
),

settled as (
    select
        c.*,
        t.deal_id is not null as has_states,
        coalesce(t.is_reopened, false) or coalesce(c.reopened_hint, false) as is_reopened,
        coalesce(c.is_closed_by_row, false) or coalesce(t.is_closed, false) as is_closed_then,
        case when c.is_closed_by_row then c.is_won_now else coalesce(t.is_won, false) end
            as is_won_then,
        case
            when c.is_closed_by_row
                then greatest(c.row_closed_sec, coalesce(t.last_changed_sec, c.row_closed_sec))
            else t.closed_sec
        end as closed_sec,
        case
            when c.is_closed_by_row or t.deal_id is null then c.stage
            else t.stage
        end as stage_then,
        -- A history of stages alone holds no amounts and no dates.
        coalesce(t.amount, c.amount) as amount_then,
        coalesce(t.expected_close_on, case when not c.is_closed_now then c.close_on end)
            as expected_close_on,
        coalesce(t.expected_close_day, case when not c.is_closed_now then c.close_day end)
            as expected_close_day,
        lower(coalesce(c.deal_type, '')) as type_word,
        cast(floor(c.created_sec / 60) as bigint) as created_minute,
        -- What copying or numbering a name adds to it.
        regexp_replace(
            regexp_replace(
                lower(trim(c.name)),
                '^((copy|clone|re-?creat(e|ed|ion))( of)?|re-?open(ed)?)[ :_-]+', ''
            ),
            '([ _(:#\[-]+(copy|clone|re-?creat(e|ed|ion)|re-?open(ed)?|renewal|v?[0-9]{1,4}|복사본|재생성)'
            || '[)\]]*)+$',
            ''
        ) as plain_name
    from current_rows as c
    left join told as t on c.deal_id = t.deal_id
),

firsts as (
    select
        deal_id,
        is_bulk
    from core.deal_states
    where seq = 0
),

-- Of the deals that there were by then, those of one minute: nobody types that fast. Where only
-- days are told, minutes say nothing.
minutes as (
    select
        s.source,
        s.created_minute,
        count(*) as deals,
        sum(case when f.is_bulk then 1 else 0 end) as told_bulk,
        sum(count(*)) over (
            partition by s.source order by s.created_minute
            rows between unbounded preceding and current row
        ) as deals_by_then
    from settled as s
    left join firsts as f on s.deal_id = f.deal_id
    group by s.source, s.created_minute
),

timed_sources as (
    select source
    from settled
    group by source
    having
        count(distinct created_sec % 86400) > 2
        or count(distinct cast(floor(created_sec / 86400) as integer)) <= 2
),

imports as (
    select
        m.source,
        m.created_minute
    from minutes as m
    inner join timed_sources as t on m.source = t.source
    cross join core.parameters as p
    where
        m.deals >= p.import_min_deals
        and (m.deals >= p.import_share * m.deals_by_then or 2 * m.told_bulk >= m.deals)
),

-- The latest deal of the account and of the same name that was lost shortly before.
losses as (
    select
        n.deal_id,
        o.deal_id as lost_deal_id,
        row_number() over (
            partition by n.deal_id order by o.closed_sec desc, o.deal_id
        ) as place
    from settled as n
    inner join settled as o
        on
            n.source = o.source
            and n.account_id = o.account_id
            and n.plain_name = o.plain_name
            and n.deal_id <> o.deal_id
    cross join core.parameters as p
    where
        n.plain_name <> ''
        and o.is_closed_then
        and not o.is_won_then
        and n.created_sec >= o.closed_sec
        and n.created_sec <= o.closed_sec + cast(p.recreated_days as bigint) * 86400
)

select
    s.deal_id,
    s.source,
    coalesce(a.survivor_id, s.account_id) as account_id,
    s.seller_id,
    s.pipeline,
    s.name,
    s.amount_then as amount,
    s.currency,
    case
        when s.currency is null or s.currency = s.reporting_currency then s.amount_then
        when s.corporate_currency = s.reporting_currency and s.corporate_rate > 0
            then s.amount_then / s.corporate_rate
    end as amount_base,
    s.created_at,
    case when s.is_closed_then then epoch_ms(s.closed_sec * 1000) end as closed_at,
    s.expected_close_on,
    case
        when s.is_closed_then and s.is_won_then then 'won'
        when s.is_closed_then then 'lost'
        else 'open'
    end as status,
    s.stage_then as stage,
    case when s.stage_then = s.stage then coalesce(s.crm_probability, g.crm_probability)
        else g.crm_probability
    end as crm_probability,
    case when s.is_closed_then and not s.is_won_then then s.lost_reason end as lost_reason,
    case when s.is_closed_then then s.competitor end as competitor,
    s.lead_source,
    coalesce(u.origin, 'unknown') as origin,
    case m.value
        when 'new_business' then true
        when 'existing_business' then false
        else not (
            s.type_word like '%renew%' or s.type_word like '%existing%'
            or s.type_word like '%upsell%' or s.type_word like '%up-sell%'
            or s.type_word like '%cross%sell%' or s.type_word like '%expansion%'
            or s.type_word like '%upgrade%' or s.type_word like '%add-on%'
            or s.type_word like '%add on%' or s.type_word like '%amendment%'
            or s.type_word like '%extension%' or s.type_word like '%갱신%' or s.type_word like '%재계약%'
            or s.type_word like '%연장%' or s.type_word like '%기존%' or s.type_word like '%추가%'
            or s.type_word like '%증설%' or s.type_word like '%유지보수%'
            or coalesce(lower(s.pipeline), '') like '%renewal%'
            or coalesce(s.pipeline, '') like '%갱신%'
        )
    end as is_new_business,
    s.source_id,
    s.created_sec,
    case when s.is_closed_then then s.closed_sec end as closed_sec,
    s.expected_close_day,
    cast(floor(s.created_sec / 86400) as integer) as created_day,
    case when s.is_closed_then then cast(floor(s.closed_sec / 86400) as integer) end as closed_day,
    case when s.is_closed_then then s.return_day end as return_day,
    case when s.is_closed_then then s.return_on end as return_on,
    case when s.is_closed_then and not s.is_won_then then s.lost_reason_detail end
        as lost_reason_detail,
    case when s.is_closed_then then s.outcome_hint end as outcome_hint,
    s.is_reopened,
    s.has_states,
    g.stage_class,
    s.is_closed_now,
    coalesce(s.history_level, case when s.has_states then 'full' else 'none' end)
        as history_level,
    s.last_inbound_sec,
    s.last_outbound_sec,
    i.created_minute is not null as is_migrated,
    coalesce(
        s.is_closed_then
        and floor(s.closed_sec / 86400) = floor(s.created_sec / 86400)
        and not s.is_reopened,
        false
    ) as is_order_entry,
    l.lost_deal_id as recycled_from,
    coalesce(
        s.is_closed_then
        and (s.has_states or s.last_stage_change_sec is not null)
        and s.close_day < floor(s.closed_sec / 86400) - p.backdated_days,
        false
    ) as is_backdated
from settled as s
cross join core.parameters as p
left join imports as i on s.source = i.source and s.created_minute = i.created_minute
left join losses as l on s.deal_id = l.deal_id and l.place = 1
left join crm.accounts as a on s.account_id = a.account_id
left join crm.accounts as v on a.survivor_id = v.account_id
left join core.origins as u on s.deal_id = u.deal_id
left join core.mappings as m
    on m.what = 'pipeline' and lower(trim(s.pipeline)) = m.word
left join core.stages as g
    on s.source = g.source and s.pipeline = g.pipeline and s.stage_then = g.stage
