"""The stall model: truth recovered, baselines beaten or published, too little said plainly."""

import numpy as np
import pandas as pd
import pytest

from models import artifact, hazards, stall
from models.bands import Bands, bands
from models.features import FEATURES
from models.incidence import ENDINGS
from models.judging import choice
from models.landmarks import (
    BIN_ENDS,
    NO_DECISION,
    STAYS,
    Encoder,
    Labels,
    Material,
    expand,
    labels,
    parts,
    sampled,
    thinned,
    within,
)
from models.recalibration import recalibrations
from models.tuning import tried
from tests import known_hazards

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


def test_features_of_other_deals_beat_nothing():
    """What belongs to a deal is dealt out anew: nothing is left to know."""
    rows, deals, stalls = history(deals=500)
    mixed = rows.sample(frac=1, random_state=4)[["silence_days", "age_days"]].to_numpy()
    rows[["silence_days", "age_days"]] = mixed
    fit = stall.fit(rows, deals, stalls, as_of_day=AS_OF, seed=1, max_landmarks=6, band_draws=0)
    assert fit.published == "aalen_johansen"
    for model in ("boosting", "logit", "silence_rule"):
        assert skill(fit, model)["value"] <= 0.01
        assert abs(known_hazards.at_90(fit, "auc", model) - 0.5) < 0.08


def test_it_comes_near_a_model_that_knows_the_truth():
    """The small form of the proof: within five points of skill of the true hazards."""
    fit, tonight = known_hazards.judged(1_500, seed=1)
    found = known_hazards.at_90(fit, "brier_skill", fit.published)
    assert found > 0
    assert known_hazards.at_90(fit, "brier_skill", "oracle") - found < 0.05
    foretold = stall.score(fit, tonight).query("horizon_days == 90").set_index("deal_id")
    truth = known_hazards.Oracle().no_decision(tonight, 90)
    told = foretold.loc[tonight["deal_id"], "p_no_decision"]
    assert np.corrcoef(told, truth)[0, 1] > 0.8


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


def test_a_short_history_says_when_it_will_be_enough():
    rows, ends, stalls = history(deals=120)
    fit = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1)
    lacks = fit.card["missing"]
    assert fit.card["published_reason"] == "too_few_to_train"
    assert lacks["no_decision_events"] < 50 < lacks["no_decision_events_so_far"] * 2
    span = AS_OF - int(rows["snapshot_day"].min())
    # Half of the history trains: 100 no decisions at the rate so far.
    due = span * 100 / lacks["no_decision_events_so_far"] - span
    wait = (np.datetime64(lacks["enough_on"]) - np.datetime64(AS_OF, "D")).astype(int)
    assert lacks["forecast"] == "on_a_day"
    assert abs(wait - max(due, 7)) <= 1
    assert lacks["no_decisions_a_month"] == pytest.approx(
        lacks["no_decision_events_so_far"] / (span / 30.4375), abs=0.01
    )


def test_at_a_rate_of_nothing_there_is_no_day():
    rows, ends, stalls = history(deals=120)
    ends["outcome"] = ends["outcome"].replace("no_decision", "won")
    fit = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1)
    lacks = fit.card["missing"]
    assert (lacks["forecast"], lacks["enough_on"]) == ("not_at_this_rate", None)


def test_one_week_of_data_is_too_little():
    rows, ends, stalls = history(deals=400, weeks=2)
    fit = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1)
    assert fit.published in ("none", "aalen_johansen")
    assert fit.card["missing"]["months"] < 1
    assert np.datetime64(fit.card["missing"]["enough_on"]) > np.datetime64(AS_OF, "D")


def test_rows_that_are_there_twice_count_once():
    rows, ends, stalls = history(deals=60)
    once = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1)
    twice = stall.fit(
        pd.concat([rows, rows]), pd.concat([ends, ends]), stalls, as_of_day=AS_OF, seed=1
    )
    now = rows[rows["week"] == 1]
    pd.testing.assert_frame_equal(stall.score(once, now), stall.score(twice, now))


def test_rows_that_contradict_each_other_are_named():
    rows, ends, stalls = history(deals=20)
    other = pd.concat([ends, ends.iloc[[3]].assign(outcome="disqualified", rule="reason")])
    with pytest.raises(ValueError, match=r"core\.outcomes says two different things of deal_id="):
        stall.fit(rows, other, stalls, as_of_day=AS_OF, seed=1)


def test_a_deal_that_was_opened_again_is_one_deal():
    rows, ends, stalls = history(deals=100)
    gone = rows.groupby("deal_id").cumcount().between(3, 6)
    fit = stall.fit(rows[~gone], ends, stalls, as_of_day=AS_OF, seed=1)
    assert fit.card["deals"] == 100
    assert not stall.score(fit, rows[rows["week"] == 1])["p_no_decision"].isna().any()


def test_bands_hold_the_point_and_narrow_with_more_deals(good):
    fit, rows = good
    scored = stall.score(fit, rows[rows["week"] <= 1])
    for suffix in ("", "_if_pursued"):
        point, low, high = (scored[f"p_no_decision{suffix}{end}"] for end in ("", "_low", "_high"))
        assert ((low >= 0) & (low <= point) & (point <= high) & (high <= 1)).all()
        assert (high - low).mean() > 0.005
    p, draws = np.array([0.2, 0.5]), np.array([[0.1, 0.4], [0.2, 0.5], [0.3, 0.6]])
    few, many = (Bands((fit.model,) * 3, 100, n).around(p, draws) for n in (100, 400))
    assert np.all(many[0] > few[0]) and np.all(many[1] < few[1])
    half = np.log(few[1] / (1 - few[1])) - np.log(p / (1 - p))
    narrower = np.log(many[1] / (1 - many[1])) - np.log(p / (1 - p))
    assert np.allclose(half, 2 * narrower)
    beside = Bands((fit.model,) * 3, 100, 400).around(p, draws, np.array([0.4, 0.5]))
    assert beside[0][0] < many[0][0] and beside[1][0] > many[1][0]
    assert beside[0][1] == many[0][1]


def test_expected_no_decisions_have_a_band(good):
    fit, rows = good
    now = rows[rows["week"] == 1].reset_index(drop=True)
    found = stall.expected(fit, now)
    total = stall.score(fit, now).query("horizon_days == 90")["p_no_decision"].sum()
    assert found["low"] < found["expected"] < found["high"] <= found["open_deals"] == len(now)
    assert found["expected"] == pytest.approx(total, abs=0.06)


def test_without_draws_there_are_no_bands():
    rows, ends, stalls = history(deals=60)
    fit = stall.fit(rows, ends, stalls, as_of_day=AS_OF, seed=1, band_draws=0)
    scored = stall.score(fit, rows[rows["week"] == 1])
    assert scored["p_no_decision_low"].isna().all() and len(scored)
    assert stall.expected(fit, rows[rows["week"] == 1]) == {}


def material(deals=300, **more):
    rows, ends, stalls = history(deals=deals, **more)
    return stall.labelled(rows, ends, stalls, AS_OF)


def test_settings_are_tried_on_deals_that_were_not_trained_on():
    known = material()
    lines = expand(known.known, known.rows["deal_id"].to_numpy(dtype=str))
    seen = []

    def losses(train, test):
        assert not set(train.deal) & set(test.deal)
        seen.append(set(test.deal))
        return {"worse": 2.0 * test.weight.sum(), "better": 1.0 * test.weight.sum()}

    found = tried(lines, 1, losses)
    assert set().union(*seen) == set(lines.deal) and sum(map(len, seen)) == len(set(lines.deal))
    assert found.chosen("none") == "better"
    assert found.losses == pytest.approx({"worse": 2.0, "better": 1.0})
    assert tried(lines.take(np.flatnonzero(lines.deal < 2)), 1, losses).chosen("none") == "none"


def test_a_sample_holds_whole_deals():
    deal = np.repeat(np.arange(50), 7)
    places = within(deal, 100, seed=1)
    assert len(places) == 98
    assert set(np.bincount(deal[places])) == {0, 7}
    table = pd.DataFrame({"deal_id": [f"d{n}" for n in range(30)]})
    drawn = sampled(table, 10, seed=1)
    assert len(set(drawn)) == 10 and drawn == sampled(table.iloc[::-1], 10, seed=1)
    assert sampled(table, 30, seed=1) == sorted(table["deal_id"])


class Distorted:
    """A model with its log-odds multiplied."""

    name = "distorted"

    def __init__(self, model, factor):
        self.model, self.factor = model, factor

    def hazards(self, rows):
        h = np.clip(self.model.hazards(rows), 1e-9, 1 - 1e-9)
        odds = (h / (1 - h)) ** self.factor
        return odds / (1 + odds)


def test_only_a_wrong_calibration_is_corrected():
    rows, ends, stalls = known_hazards.company(700, seed=5)
    window = stall.labelled(rows[thinned(rows, 4, 1)].reset_index(drop=True), ends, stalls, AS_OF)
    truth = known_hazards.Oracle()
    assert NO_DECISION not in recalibrations(truth, window)
    found = recalibrations(Distorted(truth, 0.5), window)[NO_DECISION]
    assert found.b == pytest.approx(2, abs=0.5)


def test_words_never_seen_in_training_are_unknown():
    known = material(deals=40)
    encoder = Encoder.learned(known.rows)
    strange = known.rows.head(3).assign(stage=["Proposal", "Never seen", None])
    codes = encoder.encode(strange)[:, FEATURES.index("stage")]
    assert codes[0] == 0 and np.isnan(codes[1:]).all()
    by_stage = hazards.ByStage.fitted(
        known.rows, expand(known.known, known.rows["deal_id"].to_numpy(dtype=str))
    )
    told = by_stage.hazards(strange)
    assert np.allclose(told[1], by_stage.overall) and np.allclose(told[2], by_stage.overall)


@pytest.mark.parametrize("kind", ["aalen_johansen", "logit", "silence_rule", "boosting"])
def test_every_kind_of_model_loads_as_it_was(kind, tmp_path):
    known = material(deals=150)
    lines = expand(known.known, known.rows["deal_id"].to_numpy(dtype=str))
    encoder = Encoder.learned(known.rows)
    model = {
        "aalen_johansen": lambda: hazards.ByStage.fitted(known.rows, lines),
        "logit": lambda: hazards.Linear.fitted(known.rows, lines, encoder, 1, penalty=0.1),
        "silence_rule": lambda: hazards.Linear.silence_rule(known.rows, lines, encoder, 1),
        "boosting": lambda: hazards.Boosting.fitted(known.rows, lines, encoder, 1, (4, 10)),
    }[kind]()
    fit = stall.StallFit(kind, "", model, {}, pd.DataFrame(), pd.DataFrame(), {}, encoder)
    artifact.save(fit, tmp_path / "a.zip")
    loaded, _, _ = artifact.load(tmp_path / "a.zip")
    assert np.array_equal(loaded.hazards(known.rows), model.hazards(known.rows))
    again = bands(loaded, known, encoder, 2, 1)
    assert type(again.models[0]) is type(model)
    assert isinstance(known, Material)


def comparisons(**lows):
    """Rows of paired comparisons, by the names of what the boosting is compared with."""
    told = [
        ("brier_skill", "logit", "no_decision", 0.05),
        ("brier_skill", "silence_rule", "no_decision", 0.04),
        ("brier_skill", "boosting", "no_decision", 0.06),
        ("skill_over_logit", "boosting", "no_decision", lows.get("logit", 0.01)),
        ("skill_over_silence_rule", "boosting", "no_decision", lows.get("silence_rule", 0.01)),
    ]
    if "crm" in lows:
        told.append(("skill_over_crm_probability", "boosting", "won", lows["crm"]))
    return pd.DataFrame(
        [
            (metric, model, cause, 90, "all", low + 0.02, low, low + 0.04, False)
            for metric, model, cause, low in told
        ],
        columns=[
            "metric",
            "model",
            "cause",
            "horizon_days",
            "slice",
            *("value", "low", "high", "is_thin"),
        ],
    )


def test_the_boosting_must_beat_everything_by_its_whole_interval():
    assert choice(comparisons()) == ("boosting", "beats_baselines", 90)
    assert choice(comparisons(crm=0.02)) == ("boosting", "beats_baselines", 90)
    assert choice(comparisons(logit=-0.01)) == ("logit", "not_better_than_logit", 90)
    assert choice(comparisons(silence_rule=-0.01))[0] == "logit"
    assert choice(comparisons(crm=-0.01)) == ("logit", "not_better_than_crm_probability", 90)
    few = comparisons(crm=-0.01)
    few.loc[few["cause"] == "won", "is_thin"] = True
    assert choice(few)[0] == "boosting"


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
    assert kept.max() <= 5 and kept.size == rows["deal_id"].nunique()


def test_whether_a_landmark_is_kept_does_not_hang_on_what_comes():
    rows, _, _ = history(deals=200, weeks=100)
    longest = rows.groupby("deal_id").size().idxmax()
    number = rows.groupby("deal_id").cumcount()
    cut = rows[(number < 6) | (rows["deal_id"] == longest)]
    kept = rows[thinned(rows, 5, seed=2) & rows.index.isin(cut.index)]
    assert kept.index.tolist() == cut[thinned(cut, 5, seed=2)].index.tolist()


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
