"""The BPI Challenge 2012 log as events in order, and the published tasks that are made of it.

Protocol: Teinemaa, Dumas, La Rosa, Maggi, *Outcome-Oriented Predictive Process Monitoring: Review
and Benchmark*, TKDD 2019. What the contract says of each activity is data/contracts/bpic2012.toml.
"""

import gzip
import shutil
import tempfile
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from pipelines import xes

ROOT = Path(__file__).resolve().parents[2]
CONTRACT = ROOT / "data" / "contracts" / "bpic2012.toml"
# How an offer ends; the task of a case is which of these its last offer event is.
ENDINGS = ("accepted", "cancelled", "declined")
DECIDING = {f"O_{ending.upper()}-COMPLETE": ending for ending in ENDINGS}
LONGEST = 40
TRAIN_SHARE = 0.8
# One act of the bank is written as several events, up to a millisecond apart.
ONE_ACT = pd.Timedelta(seconds=1)

# What the protocol must give on the published log.
PUBLISHED = {
    "cases": 4_685,
    "events": 186_693,
    "accepted": 2_243,
    "cancelled": 1_640,
    "declined": 802,
    "train cases": 3_748,
    "test cases": 937,
    "test rows": 30_637,
    "test rows that hold the deciding event": 2_018,
}


class CountsDiffer(ValueError):
    """The log does not give the counts of the published protocol."""


def unpacked(path: Path) -> pd.DataFrame:
    """The events of a log in XES, gzipped or plain, as `ordered` gives them."""
    if path.suffix != ".gz":
        return ordered(xes.events(path.name, path))
    with tempfile.TemporaryDirectory() as place:
        plain = Path(place, path.stem)
        with gzip.open(path) as source, plain.open("wb") as target:
            shutil.copyfileobj(source, target)
        return ordered(xes.events(path.name, plain))


def ordered(events: Iterable[tuple[Mapping[str, str], Mapping[str, str]]]) -> pd.DataFrame:
    """One row an event, by time; those of one moment keep the order of the file.

    Columns: case, created_at, amount (of the case), name, lifecycle, resource (null where the log
    does not say), at (UTC), line (the event's number in the file).
    """
    log = pd.DataFrame(
        [
            (
                case["concept:name"],
                case["REG_DATE"],
                case["AMOUNT_REQ"],
                event["concept:name"],
                event["lifecycle:transition"],
                event.get("org:resource"),
                event["time:timestamp"],
            )
            for case, event in events
        ],
        columns=["case", "created_at", "amount", "name", "lifecycle", "resource", "at"],
    )
    for column in ("created_at", "at"):
        log[column] = pd.to_datetime(log[column], utc=True, format="ISO8601")
    log["amount"] = pd.to_numeric(log["amount"])
    log["line"] = np.arange(len(log))
    return log.sort_values(["at", "line"], ignore_index=True)


@dataclass(frozen=True)
class Meaning:
    """What the contract says of activities; each set holds names, or name and lifecycle."""

    stages: Mapping[str, int]
    outcomes: Mapping[str, str]
    touches: Collection[tuple[str, str]]
    calls: Collection[tuple[str, str]]
    replies: Collection[tuple[str, str]]
    options: Collection[str]
    withdrawals: Collection[str]
    automata: Collection[str]


def meaning() -> Meaning:
    """The contract of this log, read from data/contracts."""
    contract = tomllib.loads(CONTRACT.read_text(encoding="utf-8"))
    rows = contract["activity"]

    def acts(**wanted: str) -> set[tuple[str, str]]:
        return {
            (row["name"], row.get("lifecycle", "COMPLETE"))
            for row in rows
            if row["maps_to"] == "activity"
            and all(row[key] == value for key, value in wanted.items())
        }

    def names(maps_to: str) -> set[str]:
        return {row["name"] for row in rows if row["maps_to"] == maps_to}

    return Meaning(
        stages={r["name"]: r["stage_order"] for r in rows if r["maps_to"] == "stage"},
        outcomes={r["name"]: r["outcome"] for r in rows if r["maps_to"] == "outcome"},
        touches=acts(direction="outbound"),
        calls=acts(direction="outbound", kind="call"),
        replies=acts(direction="inbound"),
        options=names("option"),
        withdrawals=names("option_withdrawn"),
        automata=contract["automaton_resources"],
    )


@dataclass(frozen=True)
class Task:
    """The cases of the tasks and their prefixes.

    `cases`: one row a case, with case, ending, first_at, decided_line, decided_at (of the
    deciding event), act_at (when the act that it belongs to began), is_test. `prefixes`: one row
    a prefix of 1 to 40 events, with case, line (of its last event), at, length, ending, is_test,
    holds_event, holds_act (whether the deciding event, or any part of its act, is inside).
    `split_at`: the first test timestamp; no training row is at or after it.
    """

    cases: pd.DataFrame
    prefixes: pd.DataFrame
    split_at: pd.Timestamp
    counts: Mapping[str, int]


def task(log: pd.DataFrame, outcomes: Collection[str]) -> Task:
    """The published tasks of a log as `ordered` gives it.

    `outcomes` are the names of the events that end an application.
    """
    offers = log[log["name"].str.startswith("O")].groupby("case").tail(1)
    words = offers["name"] + "-" + offers["lifecycle"]
    cases = pd.DataFrame(
        {
            "case": offers["case"],
            "ending": words.map(DECIDING),
            "decided_line": offers["line"],
            "decided_at": offers["at"],
        }
    ).dropna(subset=["ending"])
    events = log[log["case"].isin(cases["case"])].merge(cases, on="case")
    # An act begins with its first event; the application's own ending may stand before the
    # offer's, and then tells the label just as well.
    in_act = events["name"].isin(outcomes) | (events["at"] > events["decided_at"] - ONE_ACT)
    cases["act_at"] = cases["case"].map(events[in_act].groupby("case")["at"].min())
    cases["first_at"] = cases["case"].map(events.groupby("case")["at"].min())
    cases["first_line"] = cases["case"].map(events.groupby("case")["line"].min())
    cases = cases.sort_values(["first_at", "first_line"], ignore_index=True)
    n_train = int(TRAIN_SHARE * len(cases))
    cases["is_test"] = np.arange(len(cases)) >= n_train
    split_at = cases["first_at"].iloc[n_train]
    events = events.merge(cases[["case", "act_at", "is_test"]], on="case")
    events["length"] = events.groupby("case").cumcount() + 1
    decided_length = events["case"].map(
        events[events["line"] == events["decided_line"]].set_index("case")["length"]
    )
    events["holds_event"] = events["length"] >= decided_length
    events["holds_act"] = events["at"] >= events["act_at"]
    chosen = (events["length"] <= LONGEST) & (events["is_test"] | (events["at"] < split_at))
    columns = ["case", "line", "at", "length", "ending", "is_test", "holds_event", "holds_act"]
    prefixes = events.loc[chosen, columns].sort_values(["case", "length"], ignore_index=True)
    test = prefixes[prefixes["is_test"]]
    counts = {
        "cases": len(cases),
        "events": len(events),
        **{ending: int((cases["ending"] == ending).sum()) for ending in ENDINGS},
        "train cases": n_train,
        "test cases": len(cases) - n_train,
        "test rows": len(test),
        "test rows that hold the deciding event": int(test["holds_event"].sum()),
    }
    return Task(cases, prefixes, split_at, counts)


def checked(found: Task) -> Task:
    """The same task; raises CountsDiffer unless its counts are the published ones."""
    wrong = [
        f"{what}: {found.counts[what]:,} instead of {wanted:,}"
        for what, wanted in PUBLISHED.items()
        if found.counts[what] != wanted
    ]
    if wrong:
        raise CountsDiffer("the log does not give the published counts: " + "; ".join(wrong))
    return found
