"""The benchmarks in a reduced form: that their harness is right, never how long or how well."""

import collections
import csv
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "tests" / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))
import bohanec  # noqa: E402
import bpi2012  # noqa: E402
import bpi2012_baseline  # noqa: E402
import bpi2012_features  # noqa: E402
import bpi2012_log  # noqa: E402
import bpi2012_models  # noqa: E402
import bpi2012_scores  # noqa: E402
import company  # noqa: E402
import scale_hops  # noqa: E402
import scale_report  # noqa: E402

START = pd.Timestamp("2011-10-03T09:00:00+02:00")
ENDS = {
    "accepted": ["A_APPROVED", "O_ACCEPTED"],
    "cancelled": ["A_CANCELLED", "O_CANCELLED"],
    "declined": ["O_DECLINED", "A_DECLINED"],
}


def event(case, hours, name, lifecycle="COMPLETE", resource="201", amount="5000"):
    """One event as the reader of XES gives it."""
    at = (START + pd.Timedelta(hours=hours)).isoformat(timespec="milliseconds")
    return (
        {"concept:name": case, "REG_DATE": START.isoformat(), "AMOUNT_REQ": amount},
        {
            "concept:name": name,
            "lifecycle:transition": lifecycle,
            "time:timestamp": at,
            **({"org:resource": resource} if resource else {}),
        },
    )


def course(case, began, ending, days=10, seller="201"):
    """A whole case that begins `began` hours in and is decided after some days."""
    last = began + 24 * days
    return [
        event(case, began, "A_SUBMITTED", resource="112"),
        event(case, began + 1, "W_Completeren aanvraag", "START", seller),
        event(case, began + 2, "A_ACCEPTED", resource=seller),
        event(case, began + 3, "O_CREATED", resource=seller),
        event(case, began + 3, "O_SENT", resource=seller),
        event(case, began + 4, "W_Completeren aanvraag", resource=seller),
        event(case, began + 50, "W_Nabellen offertes", "START", seller),
        event(case, began + 50.1, "W_Nabellen offertes", resource=seller),
        *([event(case, last - 30, "O_SENT_BACK")] if ending == "accepted" else []),
        *(event(case, last, name, resource=seller) for name in ENDS[ending]),
    ]


@pytest.fixture(scope="module")
def log():
    """A small bank: ninety cases, two a day, of three sellers who end them differently."""
    dice = np.random.default_rng(1)
    events = []
    for n in range(90):
        seller = str(201 + n % 3)
        ending = dice.choice(list(ENDS), p=[0.5, 0.3, 0.2] if n % 3 else [0.2, 0.6, 0.2])
        events += course(f"c{n:03}", 12 * n, ending, 4 + dice.integers(9), seller)
    return bpi2012_log.ordered(events)


@pytest.fixture(scope="module")
def act():
    return bpi2012_log.meaning()


@pytest.fixture(scope="module")
def found(log, act):
    return bpi2012_log.task(log, act.outcomes)


def test_the_tasks_follow_the_protocol(act):
    events = [
        *course("a", 0, "accepted"),
        *course("b", 24, "cancelled"),
        *course("c", 48, "declined", days=30),
        *course("d", 72, "accepted"),
        # One act in three events: half a minute, half a second before the offer's own end.
        *course("e", 400, "cancelled")[:-2],
        event("e", 640 - 0.01, "A_CANCELLED"),
        event("e", 640 - 0.0001, "W_Nabellen offertes"),
        event("e", 640, "O_CANCELLED"),
        # Where the offer's end stands first, the work that closes with it is of its act too.
        *course("g", 410, "cancelled")[:-2],
        event("g", 650 - 0.0001, "W_Nabellen offertes"),
        event("g", 650, "O_CANCELLED"),
        # The last event of its offers is no ending, so the case is in no task.
        *course("f", 500, "cancelled"),
        event("f", 900, "O_SENT"),
    ]
    log = bpi2012_log.ordered(events)
    found = bpi2012_log.task(log, act.outcomes)
    assert found.counts["cases"] == 6
    assert [found.counts[ending] for ending in bpi2012_log.ENDINGS] == [2, 3, 1]
    assert found.counts["train cases"] == 4
    rows = found.prefixes.set_index(["case", "length"])
    assert found.split_at == START + pd.Timedelta(hours=400)
    # c is decided after the first test event: its rows from then on are gone, its label is not.
    assert (found.prefixes.loc[~found.prefixes["is_test"], "at"] < found.split_at).all()
    assert rows.loc["c", "ending"].unique().tolist() == ["declined"]
    assert len(rows.loc["c"]) == 8
    assert rows.loc["e", "holds_act"].tolist() == [False] * 8 + [True] * 3
    assert rows.loc["e", "holds_event"].tolist() == [False] * 10 + [True]
    assert rows.loc["g", "holds_act"].tolist() == [False] * 8 + [True] * 2
    assert found.counts["test rows that hold the deciding event"] == 2


def test_another_log_is_refused(found):
    with pytest.raises(bpi2012_log.CountsDiffer, match=r"cases: 90 instead of 4,685"):
        bpi2012_log.checked(found)


def test_the_published_counts_are_reproduced(shared_data, act):
    log = bpi2012_log.unpacked(shared_data / "bpic2012" / bpi2012.FILE)
    found = bpi2012_log.checked(bpi2012_log.task(log, act.outcomes))
    test = found.prefixes[found.prefixes["is_test"]]
    assert int(test["holds_event"].sum()) == 2018
    assert not (test["holds_event"] & ~test["holds_act"]).any()


def test_features_know_nothing_of_later(log, found, act):
    cases = found.cases["case"]

    def make(events):
        return bpi2012_features.features(events, cases, act)

    whole = make(log)
    for share in (0.2, 0.5, 0.9):
        until = log["at"].quantile(share)
        rows = bpi2012.rewound(log, make, whole, until)
        assert rows == (log["at"] < until).sum()


def test_a_feature_that_looks_ahead_is_caught(log, found, act):
    def make(events):
        made = bpi2012_features.features(events, found.cases["case"], act)
        ends = events.groupby("case")["at"].transform("size")
        return made.assign(events_in_all=ends.set_axis(events["line"]).loc[made.index])

    with pytest.raises(bpi2012.LooksAhead, match="events_in_all"):
        bpi2012.rewound(log, make, make(log), log["at"].quantile(0.5))


def test_features_mean_what_the_project_means(act):
    log = bpi2012_log.ordered(course("a", 0, "accepted", days=10))
    made = bpi2012_features.features(log, pd.Series(["a"]), act)
    call = made.iloc[7]
    assert call["touches_all"] == 2
    assert call["calls_all"] == 1
    assert call["has_sign_of_life"] == 0
    assert call["silence_days"] == pytest.approx(50.1 / 24)
    assert call["touches_since_sign_of_life"] == 2
    assert call["chasing_minutes_last"] == pytest.approx(6)
    assert call["options_ours"] == 1
    back = made.iloc[8]
    assert (back["has_sign_of_life"], back["silence_days"]) == (1, 0)
    assert back["touches_since_sign_of_life"] == 0
    assert made.iloc[9]["silence_days"] == pytest.approx(30 / 24)


def test_a_past_holds_only_what_had_ended(act):
    events = [
        *course("a", 0, "cancelled", days=5),
        *course("b", 0, "accepted", days=6, seller="202"),
        *course("c", 0, "cancelled", days=20),
        *course("d", 24 * 10, "declined", days=5),
    ]
    log = bpi2012_log.ordered(events)
    ends = bpi2012_features.Ends.of(log, act)
    day = bpi2012_features.days(pd.Series([START + pd.Timedelta(days=n) for n in (4, 5, 12, 30)]))
    person = np.array(["201"] * 4, dtype=object)
    shares, n = bpi2012_features.past(ends, person, np.array(["c"] * 4, dtype=object), day)
    # An ending of the same moment is not yet known; c's own ending never counts.
    assert n.tolist() == [0, 0, 1, 2]
    assert np.isnan(shares[0]).all()
    prior = bpi2012_features.PRIOR_DEALS
    assert shares[2].tolist() == pytest.approx(
        [prior * 0.5 / (prior + 1), (prior * 0.5 + 1) / (prior + 1), 0.0]
    )


def test_scores_agree_with_scikit_learn():
    dice = np.random.default_rng(0)
    case = np.repeat([f"c{n:02}" for n in range(40)], 5)
    length = np.tile(np.arange(1, 6), 40)
    positive = np.repeat(dice.random(40) < 0.4, 5)
    p = np.round(0.3 * positive + dice.random(200), 1) / 1.3
    rows = pd.DataFrame({"case": case, "length": length})
    weights = bpi2012_scores.draws(40, 20, 3)
    found = bpi2012_scores.scores(p, positive, rows, weights)
    assert found["pooled AUC"][0] == pytest.approx(roc_auc_score(positive, p))
    drawn = np.repeat(weights[:, 7], 5)
    assert found["pooled AUC"][7] == pytest.approx(roc_auc_score(positive, p, sample_weight=drawn))
    each = [roc_auc_score(positive[length == k], p[length == k]) for k in range(1, 6)]
    assert found["weighted AUC"][0] == pytest.approx(np.mean(each))
    assert found["Brier"][0] == pytest.approx(np.mean((p - positive) ** 2))
    value, low, high = bpi2012_scores.interval(found["Brier"])
    assert low < value < high


def test_both_protocols_are_printed(log, found, monkeypatch, capsys):
    monkeypatch.setattr(bpi2012_models, "FORWARD", (0.5, 1.0))
    monkeypatch.setattr(bpi2012_models, "ITERATIONS", (5, 10))
    # Here, where what is patched can be seen.
    monkeypatch.setattr(bpi2012, "ProcessPoolExecutor", lambda *_: ThreadPoolExecutor(1))
    bpi2012.run(log, found, 20)
    told = capsys.readouterr().out
    for words in ("published protocol", "honest protocol", "cancelled", "less baseline"):
        assert words in told
    honest = told.split("honest protocol")[1]
    assert "deciding act inside" not in honest.replace("deciding act not inside", "")


def test_the_baseline_counts_what_has_been(log, found):
    made = bpi2012_baseline.features(log, found.cases["case"])
    one = made.loc[log.loc[log["case"] == "c000", "line"]]
    assert one["events"].tolist() == list(range(1, len(one) + 1))
    assert one["activity O_SENT-COMPLETE"].tolist() == [0] * 4 + [1] * (len(one) - 4)
    assert one["minutes since last"].iloc[1] == 60


@pytest.mark.parametrize("name", ["bpi2012.py", "bohanec.py"])
def test_absent_data_is_said(name, tmp_path):
    done = subprocess.run(
        [sys.executable, BENCHMARKS / name, tmp_path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert str(tmp_path) in done.stderr


def test_rows_with_the_same_answers_share_a_fold():
    groups = np.repeat(np.arange(30), 3)
    for train, test in bohanec.folds(groups, 2, together=True):
        assert not set(groups[train]) & set(groups[test])
    naive = bohanec.folds(groups, 1, together=False)
    assert any(set(groups[train]) & set(groups[test]) for train, test in naive)


def test_the_interval_is_corrected():
    values = np.array([0.7, 0.8, 0.9, 0.8])
    middle, low, high = bohanec.interval(values, 0.25)
    # t(3) at 97.5 % is 3.182; the plain variance of a mean would be 1/4 of the folds' own.
    half = 3.1824 * np.sqrt((1 / 4 + 0.25) * values.var(ddof=1))
    assert (middle, low, high) == pytest.approx((0.8, 0.8 - half, 0.8 + half), abs=1e-4)


def test_copies_flatter_a_naive_split():
    dice = np.random.default_rng(0)
    answers = pd.DataFrame(dice.choice(list("abcd"), (40, 6))).add_prefix("q")
    deals = answers.assign(Status=dice.choice(["Won", "Lost"], 40))
    copied = pd.concat([deals] * 4, ignore_index=True)
    apart, _ = bohanec.cross_validated(copied, 1, together=True)
    naive, _ = bohanec.cross_validated(copied, 1, together=False)
    # The answers are noise: only copies on both sides can tell the deals apart.
    assert naive["boosting"]["AUC"].mean() > 0.7
    assert apart["boosting"]["AUC"].mean() < 0.6
    assert apart["class prior"]["AUC"].mean() == 0.5


def test_the_deals_are_the_published_ones(shared_data):
    path = shared_data / "bohanec_b2b" / bohanec.FILE
    deals = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    assert bohanec.counts(deals) == bohanec.PUBLISHED


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    company.write(folder, 2_000)
    return folder


def lines_of(path):
    with path.open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def test_a_company_is_the_same_each_time(exported, tmp_path):
    company.write(tmp_path, 2_000)
    for path in exported.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_a_company_has_work_for_every_hop(exported):
    many = {path.stem: len(lines_of(path)) for path in exported.iterdir()}
    assert 45 <= (many["Task"] + many["EmailMessage"] + many["Event"]) / 2_000 <= 52
    assert 7 <= many["OpportunityHistory"] / 2_000 <= 8
    assert 2.9 <= many["OpportunityContactRole"] / 2_000 <= 3
    deals = lines_of(exported / "Opportunity.csv")
    ends = collections.Counter(
        "won" if row["IsWon"] == "true" else "lost" if row["IsClosed"] == "true" else "open"
        for row in deals
    )
    assert min(ends.values()) > 0.05 * len(deals)
    states = collections.defaultdict(list)
    for row in lines_of(exported / "OpportunityHistory.csv"):
        states[row["OpportunityId"]].append((row["CreatedDate"], row["StageName"]))
    for row in deals:
        course = sorted(states[row["Id"]])
        assert course[0][0] == row["CreatedDate"]
        assert (course[-1][1] == row["StageName"]) or row["IsClosed"] == "false"
    born = {row["Id"]: row["CreatedDate"] for row in deals}
    assert all(
        row["CreatedDate"][:10] >= born[row["WhatId"]][:10]
        for row in lines_of(exported / "Task.csv")
    )


def test_every_asset_is_in_one_hop():
    from pipelines.definitions import defs

    graph = defs.resolve_asset_graph()
    keys = [key for hop in scale_hops.HOPS for key in scale_hops.keys_of(hop, graph)]
    assert sorted(keys) == sorted(graph.get_all_asset_keys())


def test_what_was_measured_is_told(tmp_path):
    rows = [
        {"deals": deals, "csv_gb": 0.1, "hop": hop, "wall": 1.0, "cpu": cpu, "peak_gib": 0.5}
        | {"read_gb": 0.2, "written_gb": 0.1}
        for deals, cpu in ((1_000, 2.0), (10_000, 9.0))
        for hop in ("bare read", *scale_hops.HOPS)
    ]
    scale_report.write(tmp_path, rows, "command")
    assert len(lines_of(tmp_path / "bench.csv")) == len(rows)
    assert "| 10,000 | train | 1.0 | 9.0 | 0.90 |" in (tmp_path / "bench.md").read_text("utf-8")
    drawn = ET.parse(tmp_path / "bench.svg").getroot()
    texts = [node.text for node in drawn.iter("{http://www.w3.org/2000/svg}text")]
    assert set(scale_hops.HOPS) <= set(texts)
