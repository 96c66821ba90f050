"""The stall model: truth recovered, baselines beaten or published, too little said plainly."""

import numpy as np
import pandas as pd
import pytest

from models import artifact, stall
from models.features import FEATURES
from models.incidence import ENDINGS
from models.landmarks import (
    BIN_ENDS,
    NO_DECISION,
    STAYS,
    Labels,
    expand,
    labels,
    parts,
    thinned,
)

TEXT = {"pipeline": "default", "stage": "Proposal", "lead_source": "Web"}
AS_OF = 20_000


def history(deals=700, seed=1, *, signal=1.6, weeks=60):
    """Deals whose weekly hazards depend on one visible number, `silence_days`."""
    rng = np.random.default_rng(seed)
    rows, ends = [], []
    for number in range(deals):
        start = AS_OF - int(rng.integers(7, weeks * 7))
        drift = rng.normal()
        day, outcome, silence = start, None, 0.0
        while day < AS_OF and outcome is None:
            silence = max(0.0, silence + 7 * (0.5 + drift) + rng.normal(0, 3))
            rows.append((f"d{number:04}", day, silence, day - start))
            stall_rate = 0.25 / (1 + np.exp(-signal * (silence - 20) / 5))
            draw = rng.random()
            if draw < stall_rate:
                outcome = "no_decision"
            elif draw < stall_rate + 0.03:
                outcome = "won"
            elif draw < stall_rate + 0.05:
                outcome = str(rng.choice(["disqualified", "lost_to_competitor", "unknown_loss"]))
            day += 7
        ends.append((f"d{number:04}", outcome or "open", start, None if outcome is None else day))
    found = pd.DataFrame(rows, columns=["deal_id", "snapshot_day", "silence_days", "age_days"])
    for name in FEATURES:
        if name not in found:
            found[name] = TEXT.get(name, 0.0)
    found["is_stalled"] = False
    found["week"] = (AS_OF - found["snapshot_day"]) // 7
    found["crm_probability"] = np.nan
    found["snapshot_at"] = pd.to_datetime(found["snapshot_day"] + 1, unit="D")
    table = pd.DataFrame(ends, columns=["deal_id", "outcome", "created_day", "event_day"])
    table["closed_day"] = table["event_day"]
    table["rule"] = "reason"
    stalls = pd.DataFrame(
        {
            "deal_id": pd.Series(dtype="str"),
            "stalled_day": pd.Series(dtype="int64"),
            "broken_day": pd.Series(dtype="float64"),
        }
    )
    return found, table, stalls


def fitted(seed=1, **more):
    rows, deals, stalls = history(**more)
    return stall.fit(rows, deals, stalls, as_of_day=AS_OF, seed=seed, max_landmarks=8), rows


@pytest.fixture(scope="module")
def good():
    return fitted()


def skill(fit, model):
    found = fit.evaluation
    row = found[
        (found["metric"] == "brier_skill")
        & (found["model"] == model)
        & (found["cause"] == "no_decision")
        & (found["horizon_days"] == 90)
        & (found["slice"] == "all")
    ]
    return row.iloc[0]


def test_a_visible_cause_is_found_and_published(good):
    fit, _ = good
    assert fit.published in ("boosting", "logit", "silence_rule")
    assert skill(fit, fit.published)["low"] > 0
    slope = fit.evaluation.query(
        "metric == 'calibration_slope' and cause == 'no_decision' and horizon_days == 90 "
        "and model == @fit.published and slice == 'all'"
    )["value"].iloc[0]
    assert 0.6 < slope < 1.6


def test_permuted_outcomes_beat_nothing():
    rows, deals, stalls = history()
    shuffled = deals.sample(frac=1, random_state=3)[["outcome", "event_day", "closed_day"]]
    ends = deals.assign(outcome=shuffled["outcome"].to_numpy())
    fit = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1, max_landmarks=8)
    if fit.evaluation.empty:
        return
    assert fit.published == "aalen_johansen" or skill(fit, fit.published)["value"] < 0.03


def test_probabilities_sum_to_one_in_both_futures(good):
    fit, rows = good
    scored = stall.score(fit, rows[rows["week"] <= 1])
    names = [*ENDINGS, "open"]
    now = scored[[f"p_{name}" for name in names]]
    pursued = scored[[f"p_{name}_if_pursued" for name in names if name != "disqualified"]]
    assert np.allclose(now.sum(axis=1), 1, atol=1e-9)
    assert np.allclose(pursued.sum(axis=1), 1, atol=1e-9)
    assert (now.to_numpy() >= 0).all() and (pursued.to_numpy() >= 0).all()
    assert (scored["p_won_if_pursued"] >= scored["p_won"] - 1e-12).all()


def test_risk_grows_with_the_horizon(good):
    fit, rows = good
    scored = stall.score(fit, rows[rows["week"] <= 1])
    wide = scored.pivot_table(index="deal_id", columns="horizon_days", values="p_no_decision")
    assert (np.diff(wide.to_numpy(), axis=1) >= -1e-12).all()


def test_the_order_of_rows_does_not_matter():
    rows, deals, stalls = history(deals=300)
    one = stall.fit(rows, deals, stalls, as_of_day=AS_OF, seed=1, max_landmarks=6)
    two = stall.fit(
        rows.sample(frac=1, random_state=5),
        deals.sample(frac=1, random_state=6),
        stalls,
        as_of_day=AS_OF,
        seed=1,
        max_landmarks=6,
    )
    pd.testing.assert_frame_equal(one.evaluation, two.evaluation)
    now = rows[rows["week"] == 1]
    pd.testing.assert_frame_equal(stall.score(one, now), stall.score(two, now))


@pytest.mark.parametrize("deals", [0, 1, 5, 30])
def test_too_little_history_says_what_is_missing(deals):
    rows, ends, stalls = history(deals=max(deals, 1))
    rows, ends = (rows, ends) if deals else (rows.iloc[:0], ends.iloc[:0])
    fit = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1)
    assert fit.published in ("none", "aalen_johansen")
    assert fit.card["missing"]["needed_no_decision_events"] == 50
    scored = stall.score(fit, rows[rows["week"] <= 1])
    assert len(scored) in (0, 4 * rows.loc[rows["week"] <= 1, "deal_id"].nunique(), len(scored))


def test_nothing_closed_and_one_cause_absent():
    rows, ends, stalls = history(deals=200)
    nothing = ends.assign(outcome="open", event_day=np.nan, closed_day=np.nan)
    assert stall.fit(rows, nothing, stalls, as_of_day=AS_OF, seed=1).published == "none"
    rows, ends, stalls = history()
    absent = ends.assign(outcome=ends["outcome"].replace("won", "unknown_loss"))
    fit = stall.fit(rows, absent, stalls, as_of_day=AS_OF, seed=1, max_landmarks=6)
    assert (stall.score(fit, rows[rows["week"] == 1])["p_won"] <= 0.02).all()


def test_labels_are_those_known_on_the_day():
    rows = pd.DataFrame({"deal_id": ["a", "b", "c", "d"], "snapshot_day": [10, 10, 10, 10]})
    deals = pd.DataFrame(
        {
            "deal_id": ["a", "b", "c", "d"],
            "outcome": ["won", "no_decision", "won", "open"],
            "closed_day": [15.0, 40.0, 40.0, np.nan],
            "event_day": [15.0, 20.0, 40.0, np.nan],
        }
    )
    stalls = pd.DataFrame(
        {"deal_id": ["b", "c"], "stalled_day": [20, 22], "broken_day": [np.nan, 35.0]}
    )
    early = labels(rows, deals, stalls, 30)
    assert early.time.tolist() == [5, 10, 12, 20]
    assert [ENDINGS[c] if c >= 0 else None for c in early.cause] == [
        "won",
        "no_decision",
        "no_decision",
        None,
    ]
    late = labels(rows, deals, stalls, 50)
    assert [ENDINGS[c] if c >= 0 else None for c in late.cause] == [
        "won",
        "no_decision",
        "won",
        None,
    ]


def test_no_deal_is_in_two_parts_and_time_is_kept():
    rows, _, _ = history(deals=200)
    split = parts(rows)
    sides = [set(rows.loc[part, "deal_id"]) for part in (split.train, split.calibrate, split.test)]
    assert not (sides[0] & sides[1] or sides[0] & sides[2] or sides[1] & sides[2])
    assert rows.loc[split.train, "snapshot_day"].max() <= split.t1
    assert rows.loc[split.test, "snapshot_day"].min() > split.t2


def test_at_most_so_many_landmarks_of_a_deal():
    rows, _, _ = history(deals=100)
    kept = rows[thinned(rows, 5, seed=2)].groupby("deal_id").size()
    assert kept.max() <= 6 and kept.size == rows["deal_id"].nunique()


def test_a_bin_counts_only_when_it_could_be_followed():
    known = Labels(
        time=np.array([10, 20, 20]),
        cause=np.array([NO_DECISION, -1, 0]),
        follow=np.array([20, 20, 200]),
    )
    lines = expand(known, np.array(["a", "b", "c"]))
    seen = {
        (int(r), int(b)): int(t) for r, b, t in zip(lines.row, lines.bin, lines.target, strict=True)
    }
    assert seen == {
        (0, 0): STAYS,
        (0, 1): NO_DECISION,
        (1, 0): STAYS,
        (1, 1): STAYS,
        (2, 0): STAYS,
        (2, 1): STAYS,
        (2, 2): 0,
    }
    assert BIN_ENDS[2] * 7 > 20


def test_a_model_file_loads_without_running_code(good, tmp_path):
    fit, rows = good
    artifact.save(fit, tmp_path / "a.zip")
    model, corrections, card = artifact.load(tmp_path / "a.zip")
    assert corrections == dict(fit.corrections)
    assert card["published_model"] == fit.published
    now = rows[rows["week"] == 1]
    assert np.array_equal(model.hazards(now), fit.model.hazards(now))


def test_a_model_file_that_does_not_fit_is_refused(good, tmp_path):
    import json
    import zipfile

    fit, _ = good
    path = tmp_path / "a.zip"
    artifact.save(fit, path)
    with zipfile.ZipFile(path) as archive:
        told = json.loads(archive.read("model.json"))
    for change, words in (
        ({"format": 0}, "format 0"),
        ({"features": told["features"][1:]}, "trained on other features"),
        ({"scikit_learn": "0.1.0"}, r"scikit-learn 0\.1\.0"),
    ):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("model.json", json.dumps({**told, **change}))
        with pytest.raises(artifact.ModelFileError, match=words):
            artifact.load(path)
    path.write_bytes(b"no zip")
    with pytest.raises(artifact.ModelFileError, match="not a model file"):
        artifact.load(path)
