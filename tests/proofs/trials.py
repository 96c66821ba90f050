"""One simulated company, from its facts to what is said of it, beside what is true.

`direct` goes from the facts to core and the estimates in memory; `whole` writes an export, runs the
product on it, and reads what it published.
"""

import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import numpy as np
import pandas as pd

from models import drift, stall
from models.simulate import History, scenario, simulate, write
from models.simulate_dice import Dice
from pipelines import compare, rewind, tables, variants
from pipelines.night import Night
from pipelines.settings import Settings
from pipelines.train import DEALS, SNAPSHOTS, trained_day
from pipelines.warehouse import in_memory
from tests.proofs import direct, segments

DEALS_EACH = 1_600
TRUTH_REPLICATES = 2
TOLD = ("outcome", "contrast", "method", "estimand", "estimate", "low", "high", "verdict", "n")
OUTCOMES = {"account_win": "chance", "revenue": "revenue", "hours": "hours"}
CRMS = ("salesforce", "hubspot", "pipedrive")
PLACEBO_DAYS = 30
WHOSE_AND_WHEN = frozenset(
    ("deal_id", "week", "snapshot_at", "snapshot_on", "snapshot_day", "outcome", "days_to_outcome")
)
Row = dict[str, Any]


def company_seed(name: str, place: int) -> int:
    """The seed of the company of a scenario at a place, from 0; no two share one."""
    return scenario(name).number * 100_000 + sum(map(ord, name)) * 1_000_000 + place


def direct_trial(name: str, place: int) -> Row:
    """A company of a scenario by the direct path."""
    started = time.process_time()
    told = scenario(name)
    size = None if "deals" in told.settings else DEALS_EACH
    company = told.company(company_seed(name, place), size, tidy=True)
    history = simulate(company, TRUTH_REPLICATES)
    changes = {
        "placebo_signal": {"features.signals": _earlier},
        "permuted": {"features.walks": partial(_by_lot, seed=company.seed)},
    }
    with in_memory() as con:
        con.execute("set threads = 1")
        direct.load(con, direct.shaped(history.facts))
        direct.build(con, compare.READS, changes.get(name))
        points = con.sql("from features.decision_points order by deal_id").df()
        # Rows under other definitions stand beside the estimates; nothing is asked of them here.
        with mock.patch.object(variants, "definitions", return_value={}):
            compare.run(con, Night())
        estimates = con.sql("from marts.strategy_comparison").df()
        verdict = _verdict(con.sql("from marts.break_even").df())
        told_of = segments.told(con)
        checks = _checks(name, con, history)
    truth = truth_of(history)
    return {
        "verdict": verdict,
        "checks": checks,
        "rows": judged(estimates, points, truth, name),
        "segments": segments.judged(*told_of, points, truth),
        "seconds": round(time.process_time() - started, 2),
    }


def _verdict(break_even: pd.DataFrame) -> str:
    """The verdict, and beside a condition whether it is met here."""
    if break_even.empty:
        return "none"
    said = break_even.iloc[0]
    return (
        f"{said['verdict']} {said['is_met']}" if said["verdict"] == "pays_if" else said["verdict"]
    )


def truth_of(history: History) -> pd.DataFrame:
    """The truth under the ids of the direct path."""
    told = history.numbered_truth
    return told.assign(deal_id=direct.deal_ids(told["deal_id"]))


def whole_trial(name: str, place: int) -> Row:
    """A company of a scenario by an export of one of the three CRMs, through the product."""
    started = time.monotonic()
    told = scenario(name)
    crm = CRMS[place % len(CRMS)]
    history = simulate(told.company(company_seed(name, place)), TRUTH_REPLICATES)
    with tempfile.TemporaryDirectory() as folder:
        write(history, Path(folder) / "exports", crm)
        home = Path(folder) / "home"
        command = [sys.executable, "-c", "from pipelines.cli import main; main()", "run"]
        done = subprocess.run(
            [*command, "--exports", str(Path(folder) / "exports"), "--home", str(home)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 3):
            raise RuntimeError(f"{name}, company {place} as {crm}: {done.stderr[-800:]}")
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
            points = con.sql("from features.decision_points order by deal_id").df()
            estimates = con.sql("from marts.strategy_comparison").df()
            verdict = _verdict(con.sql("from marts.break_even").df())
            told_of = segments.told(con)
    truth = history.truth_beside(crm)
    truth["deal_id"] = crm + ":" + truth["deal_id"].astype(str)
    return {
        "verdict": verdict,
        "checks": {"exit": done.returncode},
        "rows": judged(estimates, points, truth, name),
        "segments": segments.judged(*told_of, points, truth),
        "seconds": round(time.monotonic() - started, 2),
    }


def judged(
    estimates: pd.DataFrame, points: pd.DataFrame, truth: pd.DataFrame, name: str
) -> list[Row]:
    """Every estimate of a company with the true value that it is of, None where there is none."""
    compared = points[points["is_eligible"].astype(bool)]
    compared = compared[compared["followup_days"] >= Settings().comparison.grace_days]
    known = truth[truth["signal"].fillna("") != ""]
    both = known[known["deal_id"].isin(compared["deal_id"])]
    rows = []
    for told in estimates[list(TOLD)].to_dict("records"):
        row = {key: _plain(value) for key, value in told.items()}
        row["truth"] = true_value(both, row, name)
        rows.append(row)
    return rows


def true_value(truth: pd.DataFrame, row: Row, name: str) -> float | None:
    """The average effect that an estimate is of, over the deals that were compared.

    Contrasts with chasing are of the sustained strategies, all others of letting go by the end of
    grace against not. The overlap estimand weighs deals by e(1 - e) of the seller's own chance.
    """
    if row["outcome"] not in OUTCOMES or truth.empty or row["estimand"] == "share":
        return None
    words = str(row["contrast"])
    if "wait" in words or "help" in words:
        return None
    if name in ("permuted", "placebo_signal"):
        return 0.0
    kind = OUTCOMES[row["outcome"]]
    other = "chased" if "chase" in words else "kept"
    effect = truth[f"{kind}_if_let_go"] - truth[f"{kind}_if_{other}"]
    chance = truth["walk_probability"]
    weights = chance * (1 - chance) if row["estimand"] == "ato" else chance * 0 + 1
    return round(float(np.average(effect, weights=weights)), 6)


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        return None if np.isnan(value) else round(value, 6)
    return value.item() if isinstance(value, np.generic) else value


def _earlier(con: duckdb.DuckDBPyConnection) -> None:
    """Put every first signal earlier; deals that had shown no life by then have none."""
    con.execute(
        "create or replace table features.signals as select * replace ("
        f"signal_day - {PLACEBO_DAYS} as signal_day, "
        f"signal_end_sec - {PLACEBO_DAYS} * 86400 as signal_end_sec) "
        f"from features.signals where signal_day - {PLACEBO_DAYS} >= first_life_day"
    )


def _by_lot(con: duckdb.DuckDBPyConnection, seed: int) -> None:
    """Deal out by lot who walked away, and how long after the signal: nothing can come of it."""
    walks = con.sql("from features.walks order by deal_id").df()
    lot = np.argsort(Dice(seed, "proofs").uniform(np.arange(len(walks)), "lot"), kind="stable")
    end = con.execute("select as_of_day from core.parameters").fetchall()[0][0]
    for name in walks.columns.drop(["deal_id", "signal_day"]):
        if name.endswith("_day"):
            wait = (walks[name] - walks["signal_day"]).iloc[lot].reset_index(drop=True)
            dealt = walks["signal_day"] + wait
            walks[name] = dealt.where(dealt <= end).astype("Int64")
        elif name.endswith("_sec"):
            wait = (walks[name] - 86_400 * walks["signal_day"]).iloc[lot].reset_index(drop=True)
            walks[name] = (86_400 * walks["signal_day"] + wait).astype("Int64")
        else:
            walks[name] = walks[name].iloc[lot].reset_index(drop=True)
    con.register("dealt", walks)
    con.execute("create or replace table features.walks as select * from dealt")
    con.unregister("dealt")


def _checks(name: str, con: duckdb.DuckDBPyConnection, history: History) -> Row:
    """What a scenario asks for beside the estimates."""
    if name == "clean_up":
        return {"stalls_unmoved": stalls_unmoved(con, history)}
    if name == "leak":
        direct.build(con, ("features.snapshots",))
        honest, _ = rewind.check(con)
        with mock.patch.object(tables, "queries", return_value=_leaky()):
            tables.build(con, tables.queries()["features.snapshots"])
            caught, detail = rewind.check(con)
        return {"alarm": not caught, "false_alarm": not honest, "detail": detail[:160]}
    if name == "drift":
        steady = simulate(replace(history.company, drift=0.0), 1)
        with in_memory() as other:
            other.execute("set threads = 1")
            direct.load(other, direct.shaped(steady.facts))
            told, unmoved = moved(con, history), moved(other, steady)
        return {"moved": told, "moved_without": unmoved}
    if name == "permuted":
        direct.build(con, ("features.snapshots",))
        return permuted(con, history)
    return {}


def _leaky() -> dict[str, tables.Query]:
    """The queries, with a feature that is filled in when a deal closes."""
    made = dict(tables.queries())
    honest = made["features.snapshots"]
    before, column, after = honest.sql.rpartition("    d.lead_source,\n")
    assert column, "features.snapshots no longer has the column that is to leak"
    leak = "    case when o.outcome <> 'open' then o.outcome end as lead_source,\n"
    made["features.snapshots"] = tables.Query(
        "features",
        "snapshots",
        before + leak + after,
        honest.description,
        honest.reads,
        is_view=False,
    )
    return made


def stalls_unmoved(con: duckdb.DuckDBPyConnection, history: History) -> float:
    """Share of stalls whose day is the same once mass closings and back-dated losses are undone.

    Of deals closed by the clean-up, or closed under an earlier date, as the data have them and as
    they would be had those deals been left open.
    """
    facts = history.facts
    saves, users = facts.saves, facts.users
    operations = users.loc[users["name"] == "Sales Operations", "number"].iloc[0]
    closes = saves[saves["kind"] == "close"]
    swept = closes["by"] == operations
    dated_back = closes["expected_on"] < closes["created"] // 86_400 - 1
    undone = closes.loc[swept | dated_back, "deal"]
    before = con.execute("select deal_id, stalled_day from core.outcomes").df()
    frames = direct.shaped(facts)
    ids = pd.Index(direct.deal_ids(undone.unique()))
    states = frames["deal_states"]
    is_close = states["stage"].str.startswith("Closed") & states["deal_id"].isin(ids)
    frames["deal_states"] = states[~is_close]
    deals = frames["deals"]
    there = deals["deal_id"].isin(ids)
    last = frames["deal_states"].drop_duplicates("deal_id", keep="last").set_index("deal_id")
    for column, source in (("stage", "stage"), ("close_day", "expected_close_day")):
        deals.loc[there, column] = deals.loc[there, "deal_id"].map(last[source])
    deals.loc[there, ["is_closed", "is_won"]] = False
    deals.loc[there, ["lost_reason", "lost_reason_detail", "competitor", "return_day"]] = None
    deals.loc[there, "last_stage_change_sec"] = np.nan
    with in_memory() as other:
        other.execute("set threads = 1")
        direct.load(other, frames)
        direct.build(other, ("core.outcomes",))
        after = other.execute("select deal_id, stalled_day from core.outcomes").df()
    both = before.merge(after, on="deal_id", suffixes=("", "_open"))
    both = both[both["deal_id"].isin(ids) & both["stalled_day"].notna()]
    same = (both["stalled_day"] == both["stalled_day_open"]).fillna(False)
    return round(float(same.mean()), 4) if len(both) else float("nan")


def _stalls(con: duckdb.DuckDBPyConnection) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """What the stall model reads: snapshots, deals, stalls."""
    con.sql("create or replace temp view trained_on as select deal_id from core.deals")
    stalls = con.sql("from core.stalls order by deal_id, spell").df()
    return con.sql(SNAPSHOTS).df(), con.sql(DEALS).df(), stalls


def moved(con: duckdb.DuckDBPyConnection, history: History) -> list[str]:
    """What the nightly alarm on drift would name, of features and of calibration."""
    direct.build(con, ("features.snapshots",))
    snapshots, deals, stalls = _stalls(con)
    last = history.company.last_day
    fit = stall.fit(snapshots, deals, stalls, as_of_day=last, seed=1, max_landmarks=6, band_draws=0)
    found = drift.drift(
        snapshots,
        fit.judged.foretold,
        deals,
        stalls,
        model=fit.published,
        trained_day=trained_day(fit),
        as_of_day=last,
        seed=1,
    )
    return sorted(found.loc[found["is_moved"], "feature"])


def permuted(con: duckdb.DuckDBPyConnection, history: History) -> Row:
    """What the stall model's own judges say once endings are dealt out by lot."""
    snapshots, deals, stalls = _stalls(con)
    names = [name for name in snapshots if name not in WHOSE_AND_WHEN]
    order = np.argsort(
        Dice(history.company.seed, "proofs").uniform(np.arange(len(snapshots)), "rows"),
        kind="stable",
    )
    snapshots[names] = snapshots[names].iloc[order].reset_index(drop=True)
    fit = stall.fit(
        snapshots,
        deals,
        stalls,
        as_of_day=history.company.last_day,
        seed=1,
        max_landmarks=6,
        band_draws=0,
    )
    found: Row = {"published": fit.published}
    told = fit.evaluation
    if told.empty:
        return found
    told = told[(told["model"] == "boosting") & (told["cause"] == "no_decision")]
    told = told[(told["horizon_days"] == 90) & (told["slice"] == "all")]
    for metric in ("auc", "brier_skill"):
        values = told.loc[told["metric"] == metric, "value"]
        if len(values):
            found[metric] = _plain(float(values.iloc[0]))
    return found
