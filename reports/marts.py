"""What the pages read: the marts by name, and the columns that a page reasons with.

A mart may be empty or absent: the page then says so. A mart that has rows but lacks a column a
page reasons with is an error, named here; further columns are welcome and published.
"""

import json
from collections.abc import Iterator, Mapping

import pandas as pd

COLUMNS: Mapping[str, tuple[str, ...]] = {
    # what became of the deals
    "outcome_counts": ("outcome", "rule", "deals", "amount_base"),
    "outcome_quarters": ("quarter", "outcome", "deals"),
    # the stall model
    "incidence": ("curve", "cause", "day", "incidence", "low", "high"),
    "model_evaluation": (
        *("metric", "model", "cause", "horizon_days", "slice"),
        *("value", "low", "high", "n", "events", "is_thin"),
    ),
    "calibration": ("model", "cause", "horizon_days", "bin", "predicted", "observed", "n"),
    "decision_curve": (
        *("cause", "horizon_days", "model", "threshold"),
        *("net_benefit", "low", "high", "is_thin"),
    ),
    "drift": ("feature", "idea", "then", "now", "measure", "low", "high", "p", "is_moved"),
    "model_card": ("key", "value"),
    "stall_scores": ("deal_id", "horizon_days", "p_no_decision", "p_no_decision_if_pursued"),
    "track_record": (
        *("deal_id", "predicted_on", "horizon_days"),
        *("p_no_decision", "due_on", "happened", "outcome"),
    ),
    "track_metrics": (
        *("group", "period", "horizon_days", "prediction", "metric"),
        *("value", "low", "high", "deals", "censored", "is_thin"),
    ),
    "stall_summary": ("measure", "value", "low", "high", "n"),
    "stall_by_g": ("g_factor", "measure", "value", "low", "high", "n"),
    "observed_days": ("source", "why", "deals", "deal_days", "day_share", "stalled"),
    "thresholds": ("pipeline", "stage", "g_days", "n_wins"),
    # the comparison of strategies
    "strategy_counts": ("signal", "strategy", "deals", "won"),
    "ineligible_counts": ("deals",),
    "strategy_comparison": (
        *("outcome", "estimand", "contrast", "method", "estimate", "low", "high", "unit"),
        *("n", "effective_n", "verdict", "n_sellers", "events_treated", "events_control"),
    ),
    "strategy_curves": ("strategy", "day", "incidence", "low", "high", "n_at_risk"),
    "strategy_incidence": ("strategy", "day", "incidence", "low", "high", "n_at_risk"),
    "heterogeneity": (
        *("attribute", "level", "n", "n_sellers", "events_treated", "events_control"),
        *("estimate", "low", "high", "shrunk_estimate", "shrunk_low", "shrunk_high", "verdict"),
    ),
    "heterogeneity_tests": ("attribute", "levels", "levels_said", "p", "p_holm", "differs"),
    "balance": ("covariate", "smd_before", "smd_ipw", "smd_overlap"),
    "overlap": ("arm", "bin_low", "bin_high", "n"),
    "diagnostics": ("key", "value"),
    "trial_facts": ("key", "value"),
    "sensitivity": ("analysis", "label", "estimate", "low", "high", "unit", "note"),
    "model_signal": ("analysis", "label", "estimate", "low", "high", "unit", "note"),
    "specifications": (
        *("definition", "method", "horizon_days", "estimate", "low", "high", "n"),
        *("verdict", "is_headline"),
    ),
    "break_even": ("wins_given_up", "hours_freed", "verdict"),
    "walkaway_frontier": (
        *("order_by", "threshold", "day", "deals", "deals_let_go"),
        *("wins_given_up", "revenue_given_up", "hours_freed", "revenue_per_hour"),
    ),
    "frontier_facts": ("key", "value"),
    "second_looks": (
        *("method", "outcome", "estimate", "low", "high", "unit", "n", "n_sellers"),
        *("first_stage_f", "verdict"),
    ),
    "backlog": (),
    "fresh_yield": (),
    # the buyer's own promises
    "commitments": (
        *("made_by", "deals", "made", "kept_in_time", "kept_late", "overdue", "standing"),
        *("left_at_close", "mean_days_given", "mean_days_late", "mean_days_overdue"),
    ),
    "open_commitments": (
        *("team", "pipeline", "stage", "stage_order", "is_recorded", "open_deals"),
        *("with_standing", "without", "never", "all_kept", "overdue", "without_amount"),
    ),
    "deals_without_commitment": ("deal_id", "state"),
    "commitments_adjusted": (
        *("comparison", "held_equal", "ending", "ratio", "low", "high", "verdict", "goes_with"),
        *("moments", "exposed_moments", "events", "exposed_events", "sellers"),
    ),
    # frameworks of qualification
    "frameworks": (
        *("framework", "element", "record", "deals", "deals_answered", "answered_share"),
        *("median_day", "deals_cleared"),
    ),
    "framework_stages": ("framework", "element", "stage", "stage_order", "deals"),
    "frameworks_adjusted": (
        *("framework", "element", "ending", "ratio", "low", "high", "p_holm", "asked", "plain"),
        *("weeks", "events", "sellers", "verdict", "goes_with"),
    ),
    # how a company lets go
    "practice": ("measure", "scope", "name", "value", "low", "high", "n", "sellers", "verdict"),
    "practice_curves": ("scope", "name", "day", "decided", "expected", "low", "high"),
    "practice_spread": (
        *("measure", "unit", "levels", "levels_said", "spread", "low", "high", "p", "p_holm"),
        *("differs", "verdict"),
    ),
    # where customers come from
    "origins": ("origin", "outcome", "deals", "said_to_stay"),
    "origin_rates": ("origin", "measure", "value", "low", "high", "n", "verdict"),
    "origin_contrasts": (
        *("contrast", "outcome", "within_days", "share", "other_share", "difference"),
        *("estimate", "low", "high", "n", "other_n", "verdict"),
    ),
    "origins_incumbents": (
        *("supplier", "deals", "ended", "won", "win_rate", "low", "high"),
        *("lost_to_it", "no_decision", "revenue"),
    ),
    "origins_unknown": (
        *("source", "field", "state", "filled", "filled_share"),
        *("won_filled_share", "not_won_filled_share"),
    ),
    # who comes back
    "returns": (
        *("group", "walk_aways", "with_account", "bristled", "returned", "median_days"),
        *("bristle_share", "bristle_low", "bristle_high", "bristle_verdict"),
        *("return_share", "return_low", "return_high", "verdict"),
        *("won", "no_decision", "lost", "let_go", "open", "won_share", "won_low", "won_high"),
    ),
    "returns_curve": ("group", "day", "incidence", "low", "high", "n_at_risk"),
    "returns_contrasts": (
        *("contrast", "outcome", "within_days", "share", "other_share", "difference"),
        *("estimate", "low", "high", "n", "other_n", "verdict"),
    ),
    "returns_matched": (
        *("within_days", "let_go", "pairs", "share", "other_share", "estimate", "low", "high"),
        *("later_share", "largest_smd_before", "largest_smd_after", "verdict"),
    ),
    "returns_due": ("deal_id", "account", "seller_id", "team", "return_on", "days_overdue"),
    # what to do
    "worklist": (
        *("deal_id", "account", "team", "amount_base", "p_no_decision"),
        *("move", "reasons", "question"),
    ),
    "flags_lifted": ("deal_id", "status", "flagged_on"),
    "move_rules": ("hour_low", "hour_high", "hour_gap", "chance_days"),
    "brief_facts": ("deal_id",),
    # options on the table
    "options": (
        *("kind", "level", "deals", "weeks", "no_decisions", "won", "lost_to_competitor"),
        *("other", "no_decision_share", "decision_share"),
    ),
    "options_recorded": (
        *("source", "deals", "with_options", "with_ours", "with_competitor", "with_incumbent"),
        "first_on",
    ),
    "options_adjusted": (
        *("exposure", "ending", "ratio", "low", "high", "p"),
        *("deals", "days", "exposed_share", "sellers", "events", "exposed_events", "verdict"),
    ),
    "options_curve": (
        *("horizon_days", "options_from", "options_to", "deals", "days", "no_decisions"),
        *("observed", "observed_low", "observed_high", "adjusted", "low", "high"),
    ),
    "options_answer": (
        *("horizon_days", "difference", "low", "high", "verdict"),
        *("deals", "days", "sellers", "no_decisions", "exposed_no_decisions"),
    ),
    # pushing silent buyers
    "push": (
        *("kind", "silence", "level", "deals", "weeks", "answered", "no_decisions"),
        *("answered_share", "no_decision_share"),
    ),
    "push_recorded": (
        *("source", "deals", "touches", "touches_urgent", "touches_discount"),
        *("offers", "offers_discount_known", "offers_discounted"),
    ),
    "push_teams": (
        *("team", "deals", "silent", "touched_0", "touched_1_2", "touched_3_5"),
        *("touched_6_or_more", "touches"),
    ),
    "push_adjusted": (
        *("method", "outcome", "exposure", "ratio", "low", "high", "p"),
        *("deals", "weeks", "exposed_share", "sellers", "events", "exposed_events", "verdict"),
    ),
    # how far to trust it
    "replay_limits": ("what", "n", "of_all"),
    "files_read": ("path", "kind", "rows", "rejected_rows", "decision", "reason"),
    "rejects_summary": (),
    "unread_columns": (),
    "unmapped_reasons": (),
    "capabilities": ("source", "capability", "value"),
    "activity_quality": (),
    "cleanup_days": (),
    "traps": ("source", "trap", "found", "looked_at", "unit", "done", "setting", "is_warning"),
    "checks": ("check", "table", "severity", "passed", "detail"),
}


class MartColumnError(ValueError):
    """A mart has rows but not the columns that a page reads."""


class Marts:
    """The night's marts, each checked against :data:`COLUMNS`; absent ones read as empty."""

    def __init__(self, tables: Mapping[str, pd.DataFrame]) -> None:
        """Checks every known mart; raises MartColumnError naming the table and its columns."""
        self._tables = dict(tables)
        for name, columns in COLUMNS.items():
            frame = self._tables.get(name)
            if frame is None or (frame.empty and not set(columns) <= set(frame.columns)):
                self._tables[name] = pd.DataFrame({column: [] for column in columns})
                continue
            missing = [column for column in columns if column not in frame.columns]
            if missing:
                raise MartColumnError(
                    f"marts.{name} lacks {', '.join(missing)} (it has "
                    f"{', '.join(map(str, frame.columns))}); the pages reason with these columns: "
                    "add them to the mart, or change reports/marts.py"
                )

    def __getitem__(self, name: str) -> pd.DataFrame:
        return self._tables[name].reset_index(drop=True)

    def __iter__(self) -> Iterator[str]:
        """Names of the marts that have columns, in order."""
        return iter(sorted(name for name, frame in self._tables.items() if len(frame.columns)))

    def facts(self, name: str, key: str = "key") -> dict[str, object]:
        """A long mart of key and value as a mapping; values written as JSON are read as such."""
        frame = self[name]
        facts: dict[str, object] = {}
        for row_key, value in zip(frame[key], frame["value"], strict=True):
            facts.setdefault(str(row_key), _decoded(value))
        return facts

    def row(self, name: str) -> dict[str, object]:
        """The first row of a mart as a mapping, {} when it is empty."""
        rows = records(self[name].head(1))
        return rows[0] if rows else {}


def _decoded(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        decoded: object = json.loads(value)
    except json.JSONDecodeError:
        return value
    return decoded


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """The rows of a frame as mappings from column to plain value."""
    return [
        {str(column): value for column, value in zip(frame.columns, row, strict=True)}
        for row in frame.itertuples(index=False, name=None)
    ]
