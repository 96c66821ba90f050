"""features.snapshots to the stall model, its scores, its evaluation and its track record."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
from threadpoolctl import threadpool_limits

from pipelines.night import Night
from pipelines.tables import store

if TYPE_CHECKING:
    from models.stall import StallFit

RANKED_AT_DAYS = 90
LEAST_DEALS_OF_A_CURVE = 100
TABLES = {
    "marts.stall_scores": "How each open deal may end, as things go and if pursued.",
    "marts.model_evaluation": "The model and its baselines on the time-ordered test.",
    "marts.calibration": "Predicted against observed shares on the test, by bin.",
    "marts.decision_curve": "What acting on each model's risk is worth, by threshold.",
    "marts.drift": "Features and calibration that have moved since the model was trained.",
    "marts.incidence": "How deals end with age: Aalen-Johansen cumulative incidence.",
    "marts.model_card": "What was trained on what, and what was published, key by key.",
    "marts.track_record": "Past predictions whose horizon has passed, and what happened.",
}
READS = frozenset(
    {
        "features.snapshots",
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
order by s.deal_id, s.week desc
"""
JUDGED = """
select p.deal_id, p.predicted_on, p.horizon_days, p.p_no_decision,
    p.predicted_on + p.horizon_days as due_on,
    coalesce(o.outcome = 'no_decision' and o.event_day
        <= date_diff('day', date '1970-01-01', p.predicted_on) + p.horizon_days, false)
        as happened,
    o.outcome
from predictions p
join core.outcomes o using (deal_id)
cross join core.parameters c
where date_diff('day', date '1970-01-01', p.predicted_on) + p.horizon_days <= c.as_of_day
order by p.deal_id, p.predicted_on, p.horizon_days
"""
REMEMBERED = """
select deal_id, cast(snapshot_at - interval 1 second as date) as predicted_on, horizon_days,
    p_no_decision, p_no_decision_if_pursued, p_won, p_lost_to_competitor, p_disqualified
from marts.stall_scores order by deal_id, horizon_days
"""


def ledger_files(ledger: Path, *, before: str) -> list[Path]:
    """The kept predictions of nights that spoke of a day before `before` (YYYY-MM-DD)."""
    return [path for path in sorted(ledger.glob("*.parquet")) if path.name[:10] < before]


def remember(con: duckdb.DuckDBPyConnection, ledger: Path, as_of: str, run: str) -> None:
    """Keep tonight's scores: one file a night, never rewritten by another night."""
    ledger.mkdir(parents=True, exist_ok=True)
    place = ledger / f"{as_of}-{run}.parquet"
    aside = place.with_suffix(".tmp")
    con.execute(
        f"copy ({REMEMBERED}) to '{str(aside).replace(chr(39), chr(39) * 2)}' "
        "(format parquet, compression zstd)"
    )
    aside.replace(place)


def _track_record(con: duckdb.DuckDBPyConnection, ledger: Path) -> pd.DataFrame:
    as_of = con.execute(
        "select strftime(date '1970-01-01' + as_of_day, '%Y-%m-%d') from core.parameters"
    ).fetchall()[0][0]
    kept = ledger_files(ledger, before=as_of)
    latest = {path.name[:10]: path for path in kept}
    con.execute(
        "create or replace temp table predictions (deal_id varchar, predicted_on date, "
        "horizon_days integer, p_no_decision double)"
    )
    for path in latest.values():
        con.execute(
            "insert into predictions select deal_id, predicted_on, horizon_days, p_no_decision "
            "from read_parquet($1)",
            [str(path)],
        )
    return con.sql(JUDGED).df()


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


def _scores(fit: StallFit, tonight: pd.DataFrame) -> pd.DataFrame:
    """Tonight's open deals with probabilities, rank and reasons."""
    from models import explain, stall

    scored = stall.score(fit, tonight)
    main = scored[scored["horizon_days"] == RANKED_AT_DAYS]
    order = main.sort_values(["p_no_decision_if_pursued", "deal_id"], ascending=[False, True])
    ranks = dict(zip(order["deal_id"], range(1, len(order) + 1), strict=True))
    drivers = dict(
        zip(
            tonight["deal_id"],
            (json.dumps(reasons, ensure_ascii=False) for reasons in explain.reasons(fit, tonight)),
            strict=True,
        )
    )
    return scored.assign(
        rank=scored["deal_id"].map(ranks).astype("int64"),
        drivers=scored["deal_id"].map(drivers).astype("str"),
    )


def _trained_day(fit: StallFit) -> int:
    """The last day of the landmarks that the judged model was trained on."""
    return (date.fromisoformat(str(fit.card["trained_until"])) - date(1970, 1, 1)).days


def run(con: duckdb.DuckDBPyConnection, night: Night) -> None:
    """Fit, judge, score, and store; the model file goes to the night's model folder."""
    from models import artifact, drift, stall

    wanted = night.settings.model
    deals = con.sql(DEALS).df()
    snapshots = con.sql(SNAPSHOTS).df()
    as_of_day = int(con.execute("select as_of_day from core.parameters").fetchall()[0][0])
    stalls = con.sql("from core.stalls order by deal_id, spell").df()
    open_deals = deals.loc[deals["outcome"] == "open", "deal_id"]
    tonight = snapshots[(snapshots["week"] == 0) & snapshots["deal_id"].isin(open_deals)]
    # One thread of linear algebra: sums come out in one order whatever the machine.
    with threadpool_limits(1, user_api="blas"):
        fit = stall.fit(
            snapshots,
            deals,
            stalls,
            as_of_day=as_of_day,
            seed=wanted.seed,
            max_landmarks=wanted.max_landmarks_per_deal,
        )
        scores = _scores(fit, tonight.reset_index(drop=True))
        moved = drift.drift(
            snapshots,
            fit.judged.foretold,
            deals,
            stalls,
            model=fit.published,
            trained_day=_trained_day(fit),
            as_of_day=as_of_day,
            seed=wanted.seed,
        )
    night.places.model.mkdir(parents=True, exist_ok=True)
    aside = night.places.model / "stall.new"
    artifact.save(fit, aside)
    aside.replace(night.places.model / "stall.zip")
    card = pd.DataFrame(
        [
            (key, value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
            for key, value in fit.card.items()
        ],
        columns=["key", "value"],
    )
    store(
        con,
        {
            "marts.stall_scores": scores,
            "marts.model_evaluation": fit.evaluation,
            "marts.calibration": fit.calibration,
            "marts.decision_curve": fit.judged.curve,
            "marts.drift": moved,
            "marts.incidence": _incidence(deals, as_of_day, wanted.seed),
            "marts.model_card": card,
            "marts.track_record": _track_record(con, night.places.ledger),
        },
        TABLES,
    )
