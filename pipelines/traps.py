"""The traps of an export by name: what is looked for, what is done, and the setting that governs.

`marts.traps` counts them, one row a source and trap; each has a check of its own, which warns
when there is more of it than its setting allows. A treated trap makes no number wrong, so none of
these checks stops the night.
"""

from collections.abc import Mapping

TABLE = "marts.traps"
# Name: the setting, and what holds when the check passes.
TRAPS: Mapping[str, tuple[str, str]] = {
    "mass_cleanups": (
        "outcomes.cleanup_min_deals",
        "Few lost deals were closed in a mass clean-up; such a day is not taken for a decision.",
    ),
    "backdated_closings": (
        "traps.backdated_days",
        "Few close dates are older than the closing itself; the system's own stamp counts.",
    ),
    "far_close_dates": (
        "traps.far_date_years",
        "No deal is expected to close many years ahead.",
    ),
    "migrated_deals": (
        "traps.import_share",
        "No deals came in by an import; thresholds are not learned from those that did.",
    ),
    "order_entries": (
        "traps.warn_share",
        "Few deals were created and closed on one day; the model and the comparison pass them by.",
    ),
    "recreated_deals": (
        "traps.recreated_days",
        "Few deals are lost ones created anew; one that no person made is nobody's return.",
    ),
    "deleted_deals": (
        "traps.warn_share",
        "Few deals were deleted, so that those left are not only the survivors.",
    ),
    "merged_deals": (
        "traps.warn_share",
        "Few deals were merged into others; their activities count for the survivor.",
    ),
    "other_currencies": (
        "source.reporting_currency",
        "Few amounts stand in another currency than totals do; such amounts are left out of them.",
    ),
    "limited_sharing": (
        "traps.sharing_share",
        "The people listed own deals; else the export may hold only what one user may see.",
    ),
    "bulk_moves": (
        "traps.bulk_share",
        "Few moves between stages were made in bulk; those are no signs of life.",
    ),
    "bulk_pushes": (
        "traps.bulk_share",
        "Few close dates were moved in bulk; those count as no seller's push.",
    ),
    "owner_transfers": (
        "outcomes.cleanup_min_deals",
        "Few deals changed hands as part of a list.",
    ),
    "history_without_deals": (
        "traps.warn_share",
        "The history speaks of deals that the export holds.",
    ),
    "reasons_abandoned": (
        "traps.fill_after",
        "Sellers have not stopped giving loss reasons.",
    ),
    "reason_by_default": (
        "traps.default_reason_share",
        "No single loss reason is given so often that it must be a default.",
    ),
    "dates_a_day_early": (
        "traps.month_end_share",
        "Close dates do not crowd on the last but one day of a month, as shifted ones do.",
    ),
    "twins": (
        "traps.dropped_share",
        "At most half of the acts are second records of others; one of each pair is kept.",
    ),
    "logged_twice": (
        "traps.warn_share",
        "Few acts were logged by two tools; one of each pair is kept.",
    ),
    "tracking_rows": (
        "traps.dropped_share",
        "At most half of the acts are opens and clicks, which are left out.",
    ),
    "automatic_acts": (
        "traps.dropped_share",
        "At most half of the acts are automatic; those are neither touches nor replies.",
    ),
    "drafts": (
        "traps.dropped_share",
        "At most half of the acts are mail never sent, which is left out.",
    ),
    "internal_acts": (
        "traps.dropped_share",
        "At most half of the acts stayed within the own company; those are left out.",
    ),
    "attendee_copies": (
        "traps.dropped_share",
        "At most half of the acts are attendees' copies of a meeting, which are left out.",
    ),
    "series_masters": (
        "traps.dropped_share",
        "At most half of the acts stand for a whole series, which is left out.",
    ),
    "future_acts": (
        "traps.warn_share",
        "Few acts other than meetings are dated later than the export; those are left out.",
    ),
    "early_bookings": (
        "traps.booking_days",
        "Few meetings were booked so early that they promise nothing.",
    ),
    "acts_before_deals": (
        "traps.warn_share",
        "Few acts are older than their deal; those are moved to its creation.",
    ),
    "acts_on_merged_deals": (
        "traps.warn_share",
        "Few acts name a deal that was merged away; those are moved to the survivor.",
    ),
    "archived_acts": (
        "traps.archive_days",
        "No channel ends where the CRM archives activities; before that, deals are unobserved.",
    ),
    "late_channels": (
        "traps.late_start_days",
        "No channel begins long after the deals do; before that, deals are unobserved.",
    ),
    "late_writers": (
        "traps.late_start_days",
        "Every seller has logged mail since their first deals.",
    ),
    "off_hours": (
        "traps.night_share",
        "Few acts fall on nights and weekends, as they would with a wrong time zone.",
    ),
    "wrong_century": (
        "traps.warn_share",
        "No date lies in another century; such dates are kept as unknown.",
    ),
    "repeated_lines": (
        "traps.warn_share",
        "Few lines repeat a deal of the same file, as reports with products do; one is kept.",
    ),
}


def warning(trap: str) -> str:
    """The query that gives the sources in which there is too much of a trap."""
    return (
        "select source, found, looked_at as of_all, unit, detail "
        f"from {TABLE} where trap = '{trap}' and is_warning order by source"
    )
