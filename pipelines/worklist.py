"""marts.stall_scores to marts.worklist: a move for each flagged open deal, and what has changed.

The rules are in models.moves. A deal is flagged when it has stalled already, or when P(no decision
within 90 days, if pursued) is at least `model.flag_above`. With `model.holdout_share`, a random
share of flagged deals is one to *pursue anyway*, from its first flag to its end.
"""

import duckdb
import pandas as pd

from models.moves import NOT_COMPARED, HourWorth, hour_worth, moves
from models.news import told
from pipelines import ledger
from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.worklist": "Each open deal: its move, the rule, what being wrong costs, what changed.",
    "marts.move_rules": "What tonight's moves were chosen by: the worth of an hour, one row.",
    "marts.flags_lifted": "Deals that an earlier night flagged and tonight's worklist does not.",
}
READS = frozenset(
    {
        "marts.stall_scores",
        "marts.past_scores",
        "marts.break_even",
        "features.frontier_points",
        "core.deals",
        "core.accounts",
        "core.sellers",
        "core.outcomes",
        "core.stall_thresholds",
        "core.parameters",
        "features.snapshots",
    }
)
HORIZON_DAYS = ledger.RANKED_HORIZON
OPEN_DEALS = f"""
select d.deal_id, d.source_id, d.name, a.name as account, d.seller_id, s.team, d.amount_base,
    d.stage, o.outcome = 'no_decision' as is_stalled, o.stalled_at,
    w.silence_days, w.touches_since_sign_of_life, w.age_days, w.amount, t.g_days,
    sc.p_no_decision, sc.p_no_decision_if_pursued, sc.p_won_if_pursued, sc.drivers,
    ahead.p_won_if_pursued as chance_if_pursued
from core.deals d
join core.outcomes o on o.deal_id = d.deal_id
left join core.accounts a on a.account_id = d.account_id
left join core.sellers s on s.seller_id = d.seller_id
left join features.snapshots w on w.deal_id = d.deal_id and w.week = 0
left join core.stall_thresholds t
    on t.source = d.source and t.pipeline = d.pipeline and t.stage = d.stage
left join marts.stall_scores sc
    on sc.deal_id = d.deal_id and sc.horizon_days = {HORIZON_DAYS}
left join marts.stall_scores ahead
    on ahead.deal_id = d.deal_id and ahead.horizon_days = $1
where d.status = 'open' and o.outcome in ('open', 'no_decision')
order by d.deal_id
"""
PAST_POINTS = """
select f.*, s.p_no_decision_if_pursued, s.p_won_if_pursued
from features.frontier_points f
join marts.past_scores s using (deal_id, snapshot_day)
order by f.deal_id, f.day
"""
# Deals that are gone from the export, merged ones among them, have no row to write to.
LIFTED = f"""
select d.deal_id, d.status, f.flagged_on,
    sc.p_no_decision, sc.p_no_decision_if_pursued, a.name as account, s.team
from (
    select cast(deal_id as varchar) as deal_id, cast(flagged_on as date) as flagged_on from lifted
) f
join core.deals d on d.deal_id = f.deal_id
left join core.accounts a on a.account_id = d.account_id
left join core.sellers s on s.seller_id = d.seller_id
left join marts.stall_scores sc
    on sc.deal_id = d.deal_id and sc.horizon_days = {HORIZON_DAYS}
order by d.deal_id
"""


def _chance_days(con: duckdb.DuckDBPyConnection, horizon: int) -> int | None:
    """The longest scored horizon within the days over which the comparison follows accounts."""
    rows = con.execute(
        "select max(horizon_days) from marts.stall_scores where horizon_days <= $1", [horizon]
    ).fetchall()
    return None if rows[0][0] is None else int(rows[0][0])


def _hours(con: duckdb.DuckDBPyConnection, deals: pd.DataFrame, horizon: int) -> pd.Series:
    """Hours that each deal is expected to take within the horizon if pursued, as the frontier."""
    from models.frontier import remaining_hours

    points = con.sql(PAST_POINTS).df()
    return pd.Series(remaining_hours(points, deals, horizon), deals.index)


def _worth(con: duckdb.DuckDBPyConnection, stated: float | None) -> HourWorth:
    row = con.sql("from marts.break_even").df().head(1).to_dict("records")
    return hour_worth(row[0] if row else None, stated)


def run(con: duckdb.DuckDBPyConnection, night: Night, *, is_whole: bool = True) -> None:
    """Make the worklist of tonight.

    A replayed night holds nobody out and is compared with none: no seller reads it. One that is not
    `is_whole` has flags and scores only, and no comparison of strategies to take an hour's worth
    from.
    """
    wanted = night.settings.model
    is_live = night.as_of_date is None
    earlier = ledger.entries(night.places.ledger, before=ledger.as_of_text(con)) if is_live else []
    horizon = night.settings.comparison.horizon_days
    chance_days = _chance_days(con, horizon)
    deals = con.execute(OPEN_DEALS, [chance_days]).df()
    hour = NOT_COMPARED
    if is_whole:
        hour = _worth(con, wanted.value_of_an_hour)
        # A chance over fewer days than the hours would make every deal look too dear.
        if chance_days == horizon:
            deals["hours_if_pursued"] = _hours(con, deals, horizon)
    found = moves(
        deals,
        wanted.flag_above,
        night.settings.outcomes.g_fallback_days,
        hour=hour,
        patience=night.settings.worklist.patience,
        marks=ledger.held_out(con, earlier),
        holdout_share=wanted.holdout_share if is_live else 0.0,
        seed=wanted.seed,
    )
    before = ledger.last_night(con, earlier)
    found = told(found, before, night.settings.worklist.risk_change)
    flags = ledger.last_flags(con, earlier, night.settings.crm_out.clear_days)
    lifted = flags[~flags["deal_id"].isin(found.loc[found["is_flagged"], "deal_id"])]
    con.register("lifted", lifted)
    rules = {"hour_low": [hour.low], "hour_high": [hour.high], "hour_gap": [hour.gap]}
    days = pd.Series([chance_days], dtype="Int64")
    store(
        con,
        {
            "marts.worklist": found,
            "marts.move_rules": pd.DataFrame({**rules, "chance_days": days}),
            "marts.flags_lifted": con.sql(LIFTED).df(),
        },
        TABLES,
    )
    con.unregister("lifted")
