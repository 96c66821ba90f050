-- What each source's export can and cannot answer, one row a source and capability: `value` is for
-- the queries that depend on it, `detail` for a person. What the export cannot show is unknown.
with deals as (
    select
        source,
        count(*) as deals,
        min(created_day) as first_day,
        sum(case when history_level = 'full' then 1 else 0 end) as with_full,
        sum(case when history_level in ('full', 'latest_per_stage') then 1 else 0 end)
            as with_latest,
        sum(case when history_level in ('full', 'latest_per_stage', 'last_change') then 1 else 0
            end) as with_last,
        sum(case when expected_close_day is not null then 1 else 0 end) as with_close,
        sum(case when status = 'lost' then 1 else 0 end) as lost,
        sum(case when lost_reason is not null then 1 else 0 end) as with_reason,
        count(distinct lower(trim(lost_reason))) as reasons,
        sum(
            case
                when
                    status = 'lost'
                    and stage_class not in ('open', 'lost', 'won', 'on_hold', 'nurture')
                    then 1
                else 0
            end
        ) as with_telling_stage,
        sum(case when competitor is not null then 1 else 0 end) as with_competitor,
        sum(case when lead_source is not null then 1 else 0 end) as with_lead_source,
        sum(case when account_id is not null then 1 else 0 end) as with_account,
        count(distinct account_id) as accounts,
        count(distinct seller_id) as sellers,
        count(distinct currency) as currencies,
        min(currency) as currency,
        sum(case when amount is not null then 1 else 0 end) as with_amount,
        sum(case when amount is not null and amount_base is null then 1 else 0 end) as left_out,
        sum(case when outcome_hint is not null then 1 else 0 end) as with_hint,
        sum(case when last_inbound_sec is not null then 1 else 0 end) as with_last_reply
    from core.deals
    group by source
),

suppliers as (
    select
        d.source,
        sum(case when g.supplier is not null then 1 else 0 end) as with_supplier
    from core.deals as d
    inner join core.origins as g on d.deal_id = g.deal_id
    group by d.source
),

hints as (
    select
        source,
        sum(case when reopened_hint is not null then 1 else 0 end) as with_reopen_hint
    from crm.deals
    group by source
),

-- A date that stands on the current row alone is no history: the first saved state holds it in a
-- history, or further dates follow.
dated_deals as (
    select
        deal_id,
        count(*) as dates,
        min(seq) as first_seq
    from core.close_date_changes
    where to_on is not null
    group by deal_id
),

close_dates as (
    select
        d.source,
        sum(c.dates) as dates,
        sum(case when c.first_seq = 0 or c.dates > 1 then 1 else 0 end) as with_dates,
        max(c.dates) as most,
        sum(case when c.dates = 20 then 1 else 0 end) as at_cap
    from dated_deals as c
    inner join core.deals as d on c.deal_id = d.deal_id
    group by d.source
),

-- Activities older than a year are archived by some systems and left out of exports: their number
-- then falls a year before as_of, while deals go on. Two months on either side are compared.
acts as (
    select
        a.source,
        count(*) as acts,
        sum(case when a.direction = 'inbound' and a.direction_from = 'native' then 1 else 0 end)
            as inbound_native,
        sum(case when a.direction = 'inbound' and a.direction_from = 'rules' then 1 else 0 end)
            as inbound_rules,
        sum(
            case
                when a.direction = 'unknown' and a.kind in ('email', 'call', 'message') then 1
                else 0
            end
        ) as without_direction,
        sum(case when a.contact_id is not null then 1 else 0 end) as with_contact,
        sum(case when not a.is_automatic then 1 else 0 end) as human,
        -- Day 0 was a Thursday.
        sum(case when not a.is_automatic and a.happened_day % 7 in (2, 3) then 1 else 0 end)
            as on_weekends,
        min(case when a.kind = 'email' then a.happened_day end) as first_email_day,
        min(case when a.kind = 'email' then substr(cast(a.happened_at as varchar), 1, 7) end)
            as first_email_month,
        sum(
            case
                when a.happened_day > p.as_of_day - 440 and a.happened_day <= p.as_of_day - 380
                    then 1
                else 0
            end
        ) as acts_before,
        sum(
            case
                when a.happened_day > p.as_of_day - 350 and a.happened_day <= p.as_of_day - 290
                    then 1
                else 0
            end
        ) as acts_after
    from core.activities as a
    cross join core.parameters as p
    group by a.source
),

going as (
    select
        d.source,
        sum(
            case
                when
                    d.created_day <= p.as_of_day - 380
                    and (d.closed_day is null or d.closed_day > p.as_of_day - 440)
                    then 1
                else 0
            end
        ) as deals_before,
        sum(
            case
                when
                    d.created_day <= p.as_of_day - 290
                    and (d.closed_day is null or d.closed_day > p.as_of_day - 350)
                    then 1
                else 0
            end
        ) as deals_after
    from core.deals as d
    cross join core.parameters as p
    group by d.source
),

unmailed as (
    select
        d.source,
        count(*) as deals
    from core.deals as d
    inner join acts as a on d.source = a.source
    where d.created_day < a.first_email_day
    group by d.source
),

quotes as (
    select
        source,
        count(*) as options,
        sum(case when offered_sec is not null then 1 else 0 end) as dated
    from crm.options
    group by source
),

contacts as (
    select
        source,
        count(*) as contacts,
        sum(case when trim(role) <> '' then 1 else 0 end) as with_role
    from crm.deal_contacts
    group by source
),

leads as (
    select
        source,
        count(*) as leads,
        sum(case when deal_id is not null then 1 else 0 end) as with_deal
    from core.leads
    group by source
),

promises as (
    select
        d.source,
        count(*) as promises
    from core.commitments as c
    inner join core.deals as d on c.deal_id = d.deal_id
    group by d.source
),

removed as (
    select
        source,
        count(*) as removed
    from crm.removals
    where why in ('deleted', 'archived')
    group by source
),

repeated as (
    select
        source,
        sum(case when deals > 1 then 1 else 0 end) as accounts_again
    from (
        select
            source,
            account_id,
            count(*) as deals
        from core.deals
        where account_id is not null
        group by source, account_id
    )
    group by source
),

last_quarters as (
    select
        source,
        max(quarter_no) as last_no
    from core.reason_quarters
    group by source
),

quarters as (
    select
        q.source,
        sum(case when q.quarter_no >= l.last_no - 1 then q.lost else 0 end) as lost_lately,
        sum(case when q.quarter_no >= l.last_no - 1 then q.with_reason else 0 end)
            as reasons_lately,
        max(
            case
                when q.quarter_no < l.last_no - 1 and q.lost >= 5
                    then q.with_reason / cast(q.lost as double)
            end
        ) as best_before
    from core.reason_quarters as q
    inner join last_quarters as l on q.source = l.source
    group by q.source
),

facts as (
    select
        d.*,
        coalesce(h.with_reopen_hint, 0) as with_reopen_hint,
        coalesce(s.with_supplier, 0) as with_supplier,
        coalesce(c.dates, 0) as dates,
        coalesce(c.with_dates, 0) as with_dates,
        coalesce(c.most, 0) as most_dates,
        coalesce(c.at_cap, 0) as at_cap,
        coalesce(a.acts, 0) as acts,
        coalesce(a.inbound_native, 0) as inbound_native,
        coalesce(a.inbound_rules, 0) as inbound_rules,
        coalesce(a.without_direction, 0) as without_direction,
        coalesce(a.with_contact, 0) as with_contact,
        coalesce(a.human, 0) as human,
        coalesce(a.on_weekends, 0) as on_weekends,
        a.first_email_day,
        a.first_email_month,
        coalesce(a.acts_before, 0) as acts_before,
        coalesce(a.acts_after, 0) as acts_after,
        g.deals_before,
        g.deals_after,
        coalesce(u.deals, 0) as unmailed,
        coalesce(q.options, 0) as options,
        coalesce(q.dated, 0) as dated_options,
        coalesce(k.contacts, 0) as contacts,
        coalesce(k.with_role, 0) as with_role,
        coalesce(l.leads, 0) as leads,
        coalesce(l.with_deal, 0) as leads_with_deal,
        coalesce(m.promises, 0) as promises,
        coalesce(r.removed, 0) as removed,
        coalesce(e.accounts_again, 0) as accounts_again,
        coalesce(f.lost_lately, 0) as lost_lately,
        coalesce(f.reasons_lately, 0) as reasons_lately,
        f.best_before
    from deals as d
    inner join going as g on d.source = g.source
    left join suppliers as s on d.source = s.source
    left join hints as h on d.source = h.source
    left join close_dates as c on d.source = c.source
    left join acts as a on d.source = a.source
    left join unmailed as u on d.source = u.source
    left join quotes as q on d.source = q.source
    left join contacts as k on d.source = k.source
    left join leads as l on d.source = l.source
    left join promises as m on d.source = m.source
    left join removed as r on d.source = r.source
    left join repeated as e on d.source = e.source
    left join quarters as f on d.source = f.source
)

-- The strongest history that at least half of the deals have.
select
    source,
    'stage_history' as capability,
    case
        when 2 * with_full >= deals then 'full'
        when 2 * with_latest >= deals then 'latest_per_stage'
        when 2 * with_last >= deals then 'last_change'
        when with_last > 0 then 'part'
        else 'none'
    end as value,
    cast(
        case
            when 2 * with_full >= deals then with_full
            when 2 * with_latest >= deals then with_latest
            else with_last
        end as varchar
    ) || ' of ' || cast(deals as varchar) || ' deals' as detail
from facts
union all
select
    source,
    'close_date_history',
    case
        when with_dates = 0 then 'none'
        -- A system that keeps the last twenty dates shows deals with twenty and none with more.
        when most_dates = 20 and at_cap > 1 then 'truncated20'
        else 'full'
    end,
    case
        when with_dates = 0 then 'no earlier dates on record'
        else
            cast(dates as varchar) || ' dates of ' || cast(with_dates as varchar) || ' of '
            || cast(deals as varchar) || ' deals'
    end
from facts
union all
select
    source,
    'expected_close',
    case when dates > 0 or with_close > 0 then 'yes' else 'no' end,
    cast(with_close as varchar) || ' of ' || cast(deals as varchar) || ' deals'
from facts
union all
-- Silence is the buyer's: without any act of theirs on record it cannot be told.
select
    source,
    'activity_direction',
    case
        when inbound_native > 0 then 'native'
        when inbound_rules > 0 then 'rules'
        else 'none'
    end,
    case
        when acts = 0 then 'no activities'
        else
            cast(inbound_native + inbound_rules as varchar) || ' acts by buyers; '
            || cast(without_direction as varchar)
            || ' e-mails, calls and messages without direction'
    end
from facts
union all
select
    source,
    'last_reply',
    case when with_last_reply > 0 then 'yes' else 'no' end,
    cast(with_last_reply as varchar) || ' of ' || cast(deals as varchar)
    || ' deals carry the time of the buyer''s last mail'
from facts
union all
select
    source,
    'activity_level',
    case when acts > 0 then 'timestamped' else 'none' end,
    cast(acts as varchar) || ' activities'
from facts
union all
select
    source,
    'activity_archived_included',
    case
        when deals_before = 0 or deals_after = 0 or acts_after < 20 then 'unknown'
        when 5 * cast(acts_before as double) / deals_before < cast(acts_after as double) / deals_after
            then 'no'
        else 'yes'
    end,
    case
        when deals_before = 0 or deals_after = 0 or acts_after < 20
            then 'too little a year before the newest stamp to tell'
        else
            'two months older than a year: ' || cast(acts_before as varchar) || ' acts with '
            || cast(deals_before as varchar) || ' deals going; two months younger: '
            || cast(acts_after as varchar) || ' with ' || cast(deals_after as varchar)
    end
from facts
union all
select
    source,
    'email_observed_from',
    case
        when first_email_day is null then 'none'
        when first_email_day > first_day + 60 then first_email_month
        else 'start'
    end,
    case
        when first_email_day is null then 'no e-mails'
        else
            'first e-mail in ' || first_email_month || '; ' || cast(unmailed as varchar)
            || ' deals began before it'
    end
from facts
union all
select
    source,
    'roles',
    case
        when with_role > 0 then 'native'
        when contacts > 0 or with_contact > 0 then 'derived'
        else 'none'
    end,
    case
        when contacts = 0 then cast(with_contact as varchar) || ' activities name a person'
        else
            cast(with_role as varchar) || ' of ' || cast(contacts as varchar)
            || ' people on deals with a role'
    end
from facts
union all
select
    source,
    'contacts',
    case when contacts > 0 then 'yes' else 'no' end,
    cast(contacts as varchar) || ' contact roles'
from facts
union all
-- A list to choose from repeats itself; free text does not.
select
    source,
    'lost_reason',
    case
        when with_reason > 0 and 3 * reasons <= with_reason then 'picklist'
        when with_reason > 0 then 'text'
        when with_hint > 0 then 'contract'
        when with_telling_stage > 0 then 'stage'
        else 'none'
    end,
    case
        when with_reason > 0
            then
                cast(with_reason as varchar) || ' of ' || cast(lost as varchar)
                || ' lost deals, ' || cast(reasons as varchar) || ' different'
        when with_hint > 0 then 'the contract of the event log names the endings'
        else
            cast(with_telling_stage as varchar) || ' of ' || cast(lost as varchar)
            || ' lost deals ended in a stage that names one'
    end
from facts
union all
select
    source,
    'lost_reason_fill',
    case when lost > 0 then cast(round(with_reason / cast(lost as double), 3) as varchar) else
        'unknown' end,
    'share of lost deals with a reason'
from facts
union all
select
    source,
    'lost_reason_kept_up',
    case
        when lost_lately < 10 or best_before is null then 'unknown'
        when
            best_before >= 0.5
            and 2 * cast(reasons_lately as double) / lost_lately < best_before
            then 'no'
        else 'yes'
    end,
    case
        when lost_lately < 10 or best_before is null then 'too few lost deals by quarter to tell'
        else
            'filled in ' || cast(cast(round(100.0 * reasons_lately / lost_lately) as integer) as varchar)
            || ' % in the last two quarters, '
            || cast(cast(round(100.0 * best_before) as integer) as varchar)
            || ' % in the best one before'
    end
from facts
union all
select
    source,
    'competitor',
    case when with_competitor > 0 then 'yes' else 'no' end,
    cast(with_competitor as varchar) || ' deals'
from facts
union all
select
    source,
    'quotes',
    case when dated_options > 0 then 'dated' when options > 0 then 'current' else 'none' end,
    cast(options as varchar) || ' options'
from facts
union all
select
    source,
    'next_step',
    case when promises > 0 then 'tasks' else 'none' end,
    cast(promises as varchar) || ' dated promises'
from facts
union all
select
    source,
    'reopen',
    case
        when 2 * with_full >= deals then 'history'
        when 2 * with_latest >= deals or with_reopen_hint > 0 then 'inferred'
        else 'none'
    end,
    case
        when 2 * with_full >= deals then 'from the history of stages'
        when 2 * with_latest >= deals then 'from the order in which stages were last entered'
        when with_reopen_hint > 0 then 'from marks on ' || cast(with_reopen_hint as varchar)
            || ' deals'
        else 'a deal that was closed and opened again looks open'
    end
from facts
union all
select
    source,
    'leads',
    case when leads > 0 then 'yes' else 'no' end,
    cast(leads as varchar) || ' leads'
from facts
union all
select
    source,
    'lead_link',
    case when leads_with_deal > 0 then 'yes' else 'no' end,
    cast(leads_with_deal as varchar) || ' leads became a deal on record'
from facts
union all
select
    source,
    'lead_source',
    case when with_lead_source > 0 then 'yes' else 'no' end,
    cast(with_lead_source as varchar) || ' of ' || cast(deals as varchar) || ' deals'
from facts
union all
select
    source,
    'incumbent',
    case when with_supplier > 0 then 'yes' else 'no' end,
    cast(with_supplier as varchar) || ' of ' || cast(deals as varchar)
    || ' deals with a buyer whose present supplier is named'
from facts
union all
select
    source,
    'account_link',
    case
        when 2 * with_account < deals then 'no'
        when accounts_again = 0 then 'single'
        else 'yes'
    end,
    cast(accounts as varchar) || ' accounts, ' || cast(accounts_again as varchar)
    || ' with more than one deal'
from facts
union all
select
    source,
    'sellers',
    case when sellers > 1 then 'yes' when sellers = 1 then 'one' else 'no' end,
    cast(sellers as varchar) || ' sellers with deals'
from facts
union all
select
    source,
    'currency',
    case when currencies > 1 then 'multi' else 'single' end,
    case
        when currencies > 1
            then
                cast(left_out as varchar) || ' of ' || cast(with_amount as varchar)
                || ' amounts are in another currency than the one reported in'
        else coalesce(currency, 'not stated')
    end
from facts
union all
select
    source,
    'deleted_included',
    case when removed > 0 then 'yes' else 'unknown' end,
    case
        when removed > 0 then cast(removed as varchar) || ' deleted or archived deals, left out'
        else 'no deleted deal on record: none was deleted, or they were not exported'
    end
from facts
union all
-- Work at weekends in plenty means that clocks are read in the wrong zone, or dates are shifted.
select
    source,
    'tz_known',
    case when human >= 50 and 5 * on_weekends > human then 'no' else 'unknown' end,
    case
        when human = 0 then 'no activities'
        else
            cast(cast(round(100.0 * on_weekends / human) as integer) as varchar)
            || ' % of acts at weekends, in the zone they were read in'
    end
from facts
