"""features.snapshots to the stall model, its scores and its evaluation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store

if TYPE_CHECKING:
    from models.explain import Usual
    from models.stall import StallFit

RANKED_AT_DAYS = 90
LEAST_DEALS_OF_A_CURVE = 100
REASONS_TESTED = 1_000
# Deals whose chances, week by week and by ending, are in memory at one time.
SCORED_AT_ONCE = 20_000
TABLES = {
    "marts.stall_scores": "How each open deal may end, as things go and if pursued.",
    "marts.model_evaluation": "The model and its baselines on the time-ordered test.",
    "marts.calibration": "Predicted against observed shares on the test, by bin.",
    "marts.decision_curve": "What acting on each model's risk is worth, by threshold.",
    "marts.drift": "Features and calibration that have moved since the model was trained.",
    "marts.past_scores": "What a model trained before would have said of deals it is tested on.",
    "marts.incidence": "How deals end with age: Aalen-Johansen cumulative incidence.",
    "marts.model_card": "What was trained on what, and what was published, key by key.",
}
READS = frozenset(
    {
        "features.snapshots",
        "features.frontier_points",
        "core.outcomes",
        "core.deals",
        "core.sellers",
        "core.silences",
        "core.stalls",
        "core.stages",
        "core.parameters",
    }
)
# Of a deal closed in a clean-up that had not stalled it is known only that it was decided between
# its last sign of life and that day: the middle of the two stands for when.
DEALS = """
with lasts as (select deal_id, max(start_day) as silent_day from core.silences group by deal_id)
select d.deal_id, d.source, d.pipeline, o.outcome, o.rule, d.created_day, d.closed_day,
    case
        when o.is_cleanup and o.stalled_day is null and l.silent_day < d.closed_day
            then cast(floor((l.silent_day + d.closed_day) / 2) as integer)
        else o.event_day
    end as event_day, o.stalled_day
from core.deals d join core.outcomes o using (deal_id) left join lasts l using (deal_id)
where o.outcome <> 'excluded'
order by d.deal_id
"""
SNAPSHOTS = """
select s.*, st.crm_probability, p.team
from features.snapshots s
left join core.sellers p on p.seller_id = s.seller_id
left join core.stages st
    on st.source = s.source and st.pipeline = s.pipeline and st.stage = s.stage
where s.week = 0 or s.deal_id in (select deal_id from trained_on)
order by s.deal_id, s.week desc
"""


def _incidence(deals: pd.DataFrame, as_of_day: int, seed: int) -> pd.DataFrame:
    """How deals end with age, for all and for each pipeline that has enough of them."""
    from models import incidence

    curves = {"all": deals}
    for pipeline, part in deals.groupby("pipeline", sort=True):
        if len(part) >= LEAST_DEALS_OF_A_CURVE and len(part) < len(deals):
            curves[str(pipeline)] = part
    return pd.concat(
        [
            incidence.by_age(part, as_of_day, seed=seed).assign(curve=name)
            for name, part in curves.items()
        ],
        ignore_index=True,
    )[["curve", "cause", "day", "incidence", "low", "high"]]


def _scores(fit: StallFit, usual: Usual, tonight: pd.DataFrame) -> pd.DataFrame:
    """Tonight's open deals with probabilities, rank and reasons."""
    from models import explain, stall

    starts = range(0, max(len(tonight), 1), SCORED_AT_ONCE)
    scored = pd.concat(
        [stall.score(fit, tonight[start : start + SCORED_AT_ONCE]) for start in starts],
        ignore_index=True,
    )
    main = scored[scored["horizon_days"] == RANKED_AT_DAYS]
    order = main.sort_values(["p_no_decision_if_pursued", "deal_id"], ascending=[False, True])
    ranks = dict(zip(order["deal_id"], range(1, len(order) + 1), strict=True))
    told = explain.reasons(fit, usual, tonight)
    drivers = dict(
        zip(
            tonight["deal_id"],
            (json.dumps(reasons, ensure_ascii=False) for reasons in told),
            strict=True,
        )
    )
    return scored.assign(
        rank=scored["deal_id"].map(ranks).astype("int64"),
        drivers=scored["deal_id"].map(drivers).astype("str"),
    )


def _past_scores(con: duckdb.DuckDBPyConnection, found: Trained) -> pd.DataFrame:
    """P(no decision) and P(won) if pursued of the test's deals, where a rule could have spoken."""
    from models import stall

    columns = ["deal_id", "snapshot_day", "p_no_decision_if_pursued", "p_won_if_pursued"]
    before = found.fit.before
    asked = con.sql("select distinct deal_id, snapshot_day from features.frontier_points").df()
    first = found.snapshots.groupby("deal_id")["snapshot_day"].min()
    if before is None or before.tested_from_day is None:
        tested = first.index[:0]
    else:
        tested = first.index[first >= before.tested_from_day]
    rows = found.snapshots.merge(asked, on=["deal_id", "snapshot_day"])
    rows = rows[rows["deal_id"].isin(tested)].sort_values(["deal_id", "snapshot_day"])
    if before is None or rows.empty:
        types = {"deal_id": "str", "snapshot_day": "int64"}
        return pd.DataFrame({c: pd.Series(dtype=types.get(c, "float64")) for c in columns})
    scored = stall.score(before, rows)
    return scored.loc[scored["horizon_days"] == RANKED_AT_DAYS, columns]


def trained_day(fit: StallFit) -> int:
    """The last day of the landmarks that the judged model was trained on."""
    return (date.fromisoformat(str(fit.card["trained_until"])) - date(1970, 1, 1)).days


@dataclass(frozen=True)
class Trained:
    """A judged model with the scores of the night's open deals."""

    fit: StallFit
    scores: pd.DataFrame
    snapshots: pd.DataFrame
    deals: pd.DataFrame
    stalls: pd.DataFrame
    as_of_day: int

    @property
    def card(self) -> pd.DataFrame:
        """The model's card as a table of key and value."""
        return pd.DataFrame(
            [
                (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
                for key, value in self.fit.card.items()
            ],
            columns=["key", "value"],
        )


def trained(con: duckdb.DuckDBPyConnection, night: Night) -> Trained:
    """Fit, judge, and score the open deals of the catalog in use."""
    from models import explain, landmarks, stall

    wanted = night.settings.model
    deals = con.sql(DEALS).df()
    drawn = landmarks.sampled(deals, wanted.max_training_deals, wanted.seed)
    con.register("trained_on", pd.DataFrame({"deal_id": pd.Series(drawn, dtype="str")}))
    snapshots = con.sql(SNAPSHOTS).df()
    con.unregister("trained_on")
    as_of_day = int(con.execute("select as_of_day from core.parameters").fetchall()[0][0])
    stalls = con.sql("from core.stalls order by deal_id, spell").df()
    open_deals = deals.loc[deals["outcome"] == "open", "deal_id"]
    tonight = snapshots[(snapshots["week"] == 0) & snapshots["deal_id"].isin(open_deals)]
    tonight = tonight.reset_index(drop=True)
    snapshots = snapshots[snapshots["deal_id"].isin(drawn)]
    # One thread of linear algebra: sums come out in one order whatever the machine.
    with threadpool_limits(1, user_api="blas"):
        fit = stall.fit(
            snapshots,
            deals,
            stalls,
            as_of_day=as_of_day,
            seed=wanted.seed,
            max_landmarks=wanted.max_landmarks_per_deal,
            band_draws=wanted.band_draws,
        )
        usual = explain.Usual.learned(snapshots)
        scores = _scores(fit, usual, tonight)
        fit.card["expected_no_decisions"] = stall.expected(fit, tonight)
        fit.card.update(explain.deletion(fit, usual, tonight.head(REASONS_TESTED)))
    return Trained(fit, scores, snapshots, deals, stalls, as_of_day)


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Fit, judge, score, and store; the model file goes to the night's model folder."""
    from models import artifact, drift

    found = trained(con, night)
    moved = drift.drift(
        found.snapshots,
        found.fit.judged.foretold,
        found.deals,
        found.stalls,
        model=found.fit.published,
        trained_day=trained_day(found.fit),
        as_of_day=found.as_of_day,
        seed=night.settings.model.seed,
    )
    night.places.model.mkdir(parents=True, exist_ok=True)
    aside = night.places.model / "stall.new"
    artifact.save(found.fit, aside)
    aside.replace(night.places.model / "stall.zip")
    store(
        con,
        {
            "marts.stall_scores": found.scores,
            "marts.model_evaluation": found.fit.evaluation,
            "marts.calibration": found.fit.calibration,
            "marts.decision_curve": found.fit.judged.curve,
            "marts.drift": moved,
            "marts.past_scores": _past_scores(con, found),
            "marts.incidence": _incidence(found.deals, found.as_of_day, night.settings.model.seed),
            "marts.model_card": found.card,
        },
        TABLES,
    )
