-- The one row of this run: every threshold in force, the day it speaks of, and how far back
-- thresholds may be learned. The newest stamp of the exports is "now", unless settings say a day.
with unstamped as (
    select
        source,
        max(created_sec) as newest_sec
    from crm.deals
    group by source
    having max(modified_sec) is null and max(last_stage_change_sec) is null
),

-- A list that does not say when its rows were changed was taken after the closings that it tells;
-- a close date more than a year after all that was created is a mistake in typing.
closings as (
    select max(cast(d.close_day as bigint) * 86400 + 43200) as newest_sec
    from crm.deals as d
    inner join unstamped as u on d.source = u.source
    where d.is_closed and cast(d.close_day as bigint) * 86400 < u.newest_sec + 366 * 86400
),

stamps as (
    select max(newest_sec) as newest_sec
    from (
        select newest_sec from crm.stamps
        union all
        select newest_sec from closings
    )
),

history as (
    select
        min(created_sec) as first_sec,
        count(distinct currency) as currencies,
        min(currency) as only_currency
    from crm.deals
),

days as (
    select
        coalesce(
            s.as_of_override_day, cast(floor(t.newest_sec / 86400) as integer)
        ) as as_of_day,
        case
            when s.as_of_override_day is null then t.newest_sec
            else (cast(s.as_of_override_day as bigint) + 1) * 86400 - 1
        end as as_of_sec,
        cast(floor(h.first_sec / 86400) as integer) as first_day,
        -- Amounts of one currency need no rates: that currency is then the one reported in.
        case
            when h.currencies = 1 then h.only_currency
            else s.reporting_currency
        end as currency_in_force
    from core.settings as s
    cross join stamps as t
    cross join history as h
)

select
    epoch_ms(d.as_of_sec * 1000) as as_of,
    d.as_of_day,
    (cast(d.as_of_day as bigint) + 1) * 86400 as as_of_end_sec,
    d.first_day,
    d.first_day + cast(floor(s.learn_share * (d.as_of_day - d.first_day)) as integer)
        as learn_until_day,
    d.currency_in_force as reporting_currency,
    s.as_of_override_day,
    s.silence_signal_days,
    s.grace_days,
    s.chase_gap_days,
    s.chase_days,
    s.horizon_days,
    s.bristle_days,
    s.return_days,
    s.pushes_for_stall,
    s.g_floor_days,
    s.g_fallback_days,
    s.g_share,
    s.stage_overstay_share,
    s.min_wins_for_threshold,
    s.learn_share,
    s.new_business_only,
    s.incumbent_is_no_decision,
    s.held_unknown_counts,
    s.prior_deals,
    s.seller_active_days,
    s.min_sellers,
    s.cleanup_min_deals,
    s.cleanup_factor,
    s.minutes_email,
    s.minutes_call,
    s.minutes_meeting,
    s.minutes_message,
    s.minutes_note,
    s.minutes_task,
    s.minutes_document,
    s.bulk_share,
    s.backdated_days,
    s.far_date_years,
    s.import_share,
    s.import_min_deals,
    s.archive_days,
    s.archive_fall_share,
    s.late_start_days,
    s.late_start_min_acts,
    s.reply_channel_share,
    s.booking_days,
    s.reexport_share,
    s.recreated_days,
    s.night_share,
    s.month_end_share,
    s.fill_before,
    s.fill_after,
    s.fill_min_losses,
    s.default_reason_share,
    s.sharing_share,
    s.warn_share,
    s.dropped_share
from core.settings as s
cross join days as d
