"""marts.stall_scores to marts.worklist: a move for each flagged open deal, by stated rules.

A deal is flagged when it has stalled already, or when P(no decision within 90 days, if pursued)
is at least `model.flag_above`. A flagged deal whose buyer gave a sign of life within the stall
threshold of its stage is one to *help decide*; one whose buyer has been silent for longer is one
to *disqualify*; an open deal that is not flagged is one to *keep*. With `model.holdout_share`,
a random share of flagged deals is one to *pursue anyway*, from its first flag to its end.
"""

import json
from collections.abc import Mapping

import duckdb
import pandas as pd

from models.holdout import held_out
from pipelines import ledger
from pipelines.night import Night
from pipelines.tables import store

TABLES = {
    "marts.worklist": "Each open deal with its move, its risk, the reasons and a question.",
    "marts.flags_lifted": "Deals that an earlier night flagged and tonight's worklist does not.",
}
READS = frozenset(
    {
        "marts.stall_scores",
        "core.deals",
        "core.accounts",
        "core.sellers",
        "core.outcomes",
        "core.stall_thresholds",
        "core.parameters",
        "features.snapshots",
    }
)
HORIZON_DAYS = 90
# The idea that weighs most decides which question is handed to the buyer.
QUESTIONS = {
    "silence": "still_wanted",
    "pushes": "what_moved_the_date",
    "options": "which_option_falls_away",
    "people": "who_else_decides",
    "stage time": "what_is_missing_to_decide",
    "activity": "still_wanted",
    "commitments": "next_step_of_yours",
}
OPEN_DEALS = f"""
select d.deal_id, d.source_id, d.name, a.name as account, d.seller_id, s.team, d.amount_base,
    d.stage, o.outcome = 'no_decision' as is_stalled, o.stalled_at,
    w.silence_days, w.touches_since_sign_of_life, t.g_days,
    sc.p_no_decision, sc.p_no_decision_if_pursued, sc.p_won_if_pursued, sc.drivers
from core.deals d
join core.outcomes o on o.deal_id = d.deal_id
left join core.accounts a on a.account_id = d.account_id
left join core.sellers s on s.seller_id = d.seller_id
left join features.snapshots w on w.deal_id = d.deal_id and w.week = 0
left join core.stall_thresholds t
    on t.source = d.source and t.pipeline = d.pipeline and t.stage = d.stage
left join marts.stall_scores sc
    on sc.deal_id = d.deal_id and sc.horizon_days = {HORIZON_DAYS}
where d.status = 'open' and o.outcome in ('open', 'no_decision')
order by d.deal_id
"""
# Deals that are gone from the export, merged ones among them, have no row to write to.
LIFTED = f"""
select d.deal_id, d.status, f.flagged_on,
    sc.p_no_decision, sc.p_no_decision_if_pursued
from (
    select cast(deal_id as varchar) as deal_id, cast(flagged_on as date) as flagged_on from lifted
) f
join core.deals d on d.deal_id = f.deal_id
left join marts.stall_scores sc
    on sc.deal_id = d.deal_id and sc.horizon_days = {HORIZON_DAYS}
order by d.deal_id
"""
COLUMNS = [
    "deal_id",
    "account",
    "seller_id",
    "team",
    "amount_base",
    "p_no_decision",
    "move",
    "reasons",
    "question",
    "name",
    "source_id",
    "stage",
    "is_stalled",
    "silence_days",
    "touches_since_sign_of_life",
    "p_no_decision_if_pursued",
    "p_won_if_pursued",
    "is_flagged",
    "is_held_out",
]


def _question(drivers: object) -> str:
    """The question that fits the idea which raises the risk most."""
    if not isinstance(drivers, str):
        return QUESTIONS["silence"]
    raising = [driver for driver in json.loads(drivers) if driver["contribution"] > 0]
    first = max(raising, key=lambda driver: driver["contribution"], default=None)
    return QUESTIONS.get("" if first is None else first["idea"], "what_is_missing_to_decide")


def moves(
    deals: pd.DataFrame,
    flag_above: float,
    fallback_days: int,
    *,
    marks: Mapping[str, bool] | None = None,
    holdout_share: float = 0.0,
    seed: int = 0,
) -> pd.DataFrame:
    """The worklist of open deals, most at risk first.

    `deals` has one row a deal with the columns of OPEN_DEALS; the rules are in the module's text.
    `marks` says which deals flagged on earlier nights were held out.
    """
    risk = deals["p_no_decision_if_pursued"]
    stalled = deals["is_stalled"].astype(bool)
    flagged = stalled | (risk >= flag_above).fillna(False)
    patience = deals["g_days"].fillna(fallback_days)
    silent = stalled | (deals["silence_days"] > patience).fillna(False)
    found = deals.assign(move="keep")
    found.loc[flagged, "move"] = "help_decide"
    found.loc[flagged & silent, "move"] = "disqualify"
    known = held_out(deals.loc[flagged, "deal_id"], marks or {}, holdout_share, seed)
    found["is_flagged"] = flagged
    found["is_held_out"] = [known.get(deal_id, False) for deal_id in deals["deal_id"]]
    found.loc[flagged & found["is_held_out"], "move"] = "pursue_anyway"
    found["reasons"] = deals["drivers"]
    found["question"] = [_question(drivers) for drivers in deals["drivers"]]
    found["_rank"] = stalled.astype(int) * 2 + risk.fillna(0)
    ordered = found.sort_values(
        ["_rank", "amount_base", "deal_id"], ascending=[False, False, True], kind="stable"
    )
    return ordered[COLUMNS].reset_index(drop=True)


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Make the worklist of tonight. A replayed night holds nobody out: no seller reads it."""
    wanted = night.settings.model
    is_live = night.as_of_date is None
    earlier = ledger.entries(night.places.ledger, before=ledger.as_of_text(con)) if is_live else []
    found = moves(
        con.sql(OPEN_DEALS).df(),
        wanted.flag_above,
        night.settings.outcomes.g_fallback_days,
        marks=ledger.held_out(con, earlier),
        holdout_share=wanted.holdout_share if is_live else 0.0,
        seed=wanted.seed,
    )
    flags = ledger.last_flags(con, earlier, night.settings.crm_out.clear_days)
    lifted = flags[~flags["deal_id"].isin(found.loc[found["is_flagged"], "deal_id"])]
    con.register("lifted", lifted)
    store(con, {"marts.worklist": found, "marts.flags_lifted": con.sql(LIFTED).df()}, TABLES)
    con.unregister("lifted")
