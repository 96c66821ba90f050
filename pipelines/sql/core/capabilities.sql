-- What each source's export can and cannot answer, one row a source and capability.
with deals as (
    select
        source,
        count(*) as deals,
        sum(case when has_states then 1 else 0 end) as with_states,
        sum(case when expected_close_day is not null then 1 else 0 end) as with_close,
        sum(case when status = 'lost' then 1 else 0 end) as lost,
        sum(case when lost_reason is not null then 1 else 0 end) as with_reason,
        sum(case when competitor is not null then 1 else 0 end) as with_competitor,
        sum(case when lead_source is not null then 1 else 0 end) as with_lead_source,
        count(distinct currency) as currencies,
        min(currency) as currency,
        sum(case when outcome_hint is not null then 1 else 0 end) as with_hint
    from core.deals
    group by source
),

close_dates as (
    select
        d.source,
        count(*) as dates
    from core.close_date_changes as c
    inner join core.deals as d on c.deal_id = d.deal_id
    group by d.source
),

acts as (
    select
        source,
        count(*) as acts,
        sum(case when direction = 'inbound' and direction_from = 'native' then 1 else 0 end)
            as inbound_native,
        sum(case when direction = 'inbound' and direction_from = 'rules' then 1 else 0 end)
            as inbound_rules,
        sum(case when direction = 'unknown' and kind in ('email', 'call', 'message') then 1 else 0
            end) as without_direction
    from core.activities
    group by source
),

quotes as (
    select
        source,
        count(*) as options
    from crm.options
    group by source
),

contacts as (
    select
        source,
        count(*) as contacts
    from crm.deal_contacts
    group by source
),

leads as (
    select
        source,
        count(*) as leads
    from core.leads
    group by source
),

facts as (
    select
        d.*,
        coalesce(c.dates, 0) as dates,
        coalesce(a.acts, 0) as acts,
        coalesce(a.inbound_native, 0) as inbound_native,
        coalesce(a.inbound_rules, 0) as inbound_rules,
        coalesce(a.without_direction, 0) as without_direction,
        coalesce(q.options, 0) as options,
        coalesce(k.contacts, 0) as contacts,
        coalesce(l.leads, 0) as leads
    from deals as d
    left join close_dates as c on d.source = c.source
    left join acts as a on d.source = a.source
    left join quotes as q on d.source = q.source
    left join contacts as k on d.source = k.source
    left join leads as l on d.source = l.source
)

select
    source,
    'stage_history' as capability,
    case when 2 * with_states >= deals then 'full' when with_states > 0 then 'part' else 'none' end
        as value,
    cast(with_states as varchar) || ' of ' || cast(deals as varchar) || ' deals' as detail
from facts
union all
select
    source,
    'close_date_history',
    case when dates > 0 then 'full' else 'none' end,
    cast(dates as varchar) || ' dates'
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
    cast(without_direction as varchar) || ' e-mails, calls and messages without direction'
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
    'lost_reason',
    case when with_reason > 0 then 'text' when with_hint > 0 then 'contract' else 'none' end,
    cast(with_reason as varchar) || ' of ' || cast(lost as varchar) || ' lost deals'
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
    'competitor',
    case when with_competitor > 0 then 'yes' else 'no' end,
    cast(with_competitor as varchar) || ' deals'
from facts
union all
select
    source,
    'quotes',
    case when options > 0 then 'dated' else 'none' end,
    cast(options as varchar) || ' options'
from facts
union all
select
    source,
    'contacts',
    case when contacts > 0 then 'yes' else 'no' end,
    cast(contacts as varchar) || ' contact roles'
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
    'lead_source',
    case when with_lead_source > 0 then 'yes' else 'no' end,
    cast(with_lead_source as varchar) || ' of ' || cast(deals as varchar) || ' deals'
from facts
union all
select
    source,
    'currency',
    case when currencies > 1 then 'multi' else 'single' end,
    coalesce(currency, 'not stated')
from facts
