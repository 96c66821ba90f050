"""Reasons add up, are the deal's own, and hold when what they name is set to usual."""

import numpy as np
import pandas as pd
import pytest

from models import explain
from models.features import CATEGORIES, FEATURES
from models.incidence import ENDINGS
from models.landmarks import BIN_ENDS, NO_DECISION, Encoder
from models.stall import StallFit

WORDS = {"pipeline": "default", "lead_source": "Web"}


class Rule:
    """Hazards of no decision whose log-odds are a stated function of the features."""

    name = "rule"

    def __init__(self, score):
        self.score = score

    def hazards(self, rows):
        found = np.zeros((len(rows), len(BIN_ENDS), len(ENDINGS)))
        odds = np.exp(np.asarray(self.score(rows), dtype=float))
        # All of the hazard lies in the first week, so that the 90-day risk is exactly this.
        found[:, 0, NO_DECISION] = odds / (1 + odds)
        return found


def fitted(score, published="boosting"):
    encoder = Encoder(dict.fromkeys(CATEGORIES, ()), (), (), ())
    nothing = pd.DataFrame()
    return StallFit(published, "", Rule(score), {}, nothing, nothing, {}, encoder)


def mixed(rows):
    """Silence and pushes add, people and options act together, the account does nothing."""
    silence = rows["silence_days"].astype(float).to_numpy()
    both = (rows["contacts"].astype(float) * rows["options_ours"].astype(float)).to_numpy()
    return 0.05 * silence + 0.3 * rows["pushes"].astype(float).to_numpy() - 0.1 * both - 2


@pytest.fixture(scope="module")
def snapshots():
    rng = np.random.default_rng(4)
    n = 900
    rows = pd.DataFrame({name: rng.integers(0, 6, n).astype(float) for name in FEATURES})
    for name, word in WORDS.items():
        rows[name] = word
    rows["stage"] = np.where(np.arange(n) % 3 == 0, "Proposal", "Discovery")
    rows["silence_days"] = np.where(rows["stage"] == "Proposal", 10.0, 4.0)
    rows["silence_days"] += rng.integers(0, 30, n) * (rng.random(n) < 0.4)
    rows["deal_id"] = [f"d{number // 3}" for number in range(n)]
    rows["snapshot_day"] = np.arange(n)
    rows["is_stalled"] = False
    return rows


@pytest.fixture(scope="module")
def usual(snapshots):
    return explain.Usual.learned(snapshots)


@pytest.fixture(scope="module")
def tonight(snapshots):
    return snapshots[snapshots["snapshot_day"] % 3 == 2].reset_index(drop=True).head(120)


def test_contributions_sum_to_the_score_less_the_usual_deals(usual, tonight):
    fit = fitted(mixed)
    shares, base = explain.contributions(fit, usual, tonight)
    assert np.allclose(shares.sum(axis=1), mixed(tonight) - base, atol=1e-9)
    assert np.allclose(shares["account"], 0, atol=1e-12)
    assert np.allclose(shares["seller"], 0, atol=1e-12)


def test_what_acts_alone_gets_its_own_and_what_acts_together_shares_alike(usual, tonight):
    shares, _ = explain.contributions(fitted(mixed), usual, tonight)
    place = usual.places(fitted(mixed), tonight)
    beside = usual.table.take(place).reset_index(drop=True).astype({"pushes": float})
    assert np.allclose(shares["pushes"], 0.3 * (tonight["pushes"] - beside["pushes"]), atol=1e-9)
    a1, a0 = tonight["contacts"], beside["contacts"].astype(float)
    b1, b0 = tonight["options_ours"], beside["options_ours"].astype(float)
    exact = -0.1 * (a1 - a0) * (b1 + b0) / 2
    assert np.allclose(shares["people"], exact, atol=1e-9)


def test_the_usual_deal_is_that_of_the_same_stage(usual, snapshots):
    middle = snapshots.groupby(["deal_id", "stage"])["silence_days"].count()
    assert usual.groups["default", "Proposal"] == middle.xs("Proposal", level=1).size
    table = dict(zip(usual.groups, usual.table["silence_days"], strict=True))
    assert table["default", "Discovery"] < table["default", "Proposal"]


def test_a_stage_with_few_deals_is_compared_with_all(snapshots):
    few = snapshots.assign(stage=np.where(snapshots.index < 10, "Rare", snapshots["stage"]))
    found = explain.Usual.learned(few)
    assert ("default", "Rare") not in found.groups
    told = explain.reasons(fitted(mixed), found, few.head(1))[0][0]
    assert told["stage"] is None
    assert told["n"] == few["deal_id"].nunique()


def test_what_most_deals_lack_is_unknown_as_usual(snapshots):
    gone = snapshots.assign(
        days_since_reply=np.nan, amount=np.where(snapshots.index < 9, 1, np.nan)
    )
    row = explain.Usual.learned(gone).table.iloc[0]
    assert pd.isna(row["days_since_reply"])
    assert pd.isna(row["amount"])


def test_stalled_landmarks_teach_nothing(snapshots):
    half = snapshots.assign(is_stalled=snapshots["silence_days"] > 12)
    table = explain.Usual.learned(half).table
    assert table["silence_days"].max() <= 12


def test_reasons_are_the_same_in_any_order_and_company(usual, tonight, snapshots):
    fit = fitted(mixed)
    told = dict(zip(tonight["deal_id"], explain.reasons(fit, usual, tonight), strict=True))
    shuffled = tonight.sample(frac=1, random_state=2)
    again = explain.Usual.learned(snapshots.sample(frac=1, random_state=5))
    assert told == dict(
        zip(shuffled["deal_id"], explain.reasons(fit, again, shuffled), strict=True)
    )
    alone = tonight.iloc[[7]]
    assert explain.reasons(fit, usual, alone)[0] == told[alone["deal_id"].iloc[0]]


def test_a_reason_names_value_usual_value_and_how_many(usual, tonight):
    silent = tonight.head(1).assign(silence_days=90.0)
    first = explain.reasons(fitted(mixed), usual, silent)[0][0]
    assert (first["idea"], first["feature"], first["value"]) == ("silence", "silence_days", 90.0)
    key = ("default", first["stage"])
    assert first["n"] == usual.groups[key]
    assert first["reference"] < 90
    assert first["contribution"] > 0


def test_the_feature_told_is_the_one_that_moves_the_score(usual, tonight):
    def score(rows):
        return -1 + 0.8 * rows["replies_all"].astype(float).to_numpy()

    odd = tonight.head(1).assign(silence_days=99.0, replies_all=5.0)
    first = explain.reasons(fitted(score), usual, odd)[0][0]
    assert (first["idea"], first["feature"]) == ("silence", "replies_all")


def test_heaviest_first_and_nothing_that_weighs_nothing(usual, tonight):
    for told in explain.reasons(fitted(mixed), usual, tonight):
        weights = [abs(reason["contribution"]) for reason in told]
        assert weights == sorted(weights, reverse=True)
        assert all(weights)
        assert {reason["idea"] for reason in told} <= {"silence", "pushes", "people", "options"}


def test_deleting_the_heaviest_idea_moves_the_score_as_it_says(usual, tonight):
    found = explain.deletion(fitted(mixed), usual, tonight)
    assert found["reasons_checked"] == len(tonight)
    assert found["reasons_right_way"] > 0.95
    assert found["reasons_move"] > 3 * found["reasons_move_of_others"]


def test_reasons_that_are_wrong_fail_the_deletion_test(usual, tonight, monkeypatch):
    honest = explain._shapley

    def turned(*given):
        found, base = honest(*given)
        return -np.roll(found, 3, axis=1), base

    monkeypatch.setattr(explain, "_shapley", turned)
    found = explain.deletion(fitted(mixed), usual, tonight)
    assert found["reasons_right_way"] < 0.6


def test_too_few_deals_are_not_tested(usual, tonight):
    assert explain.deletion(fitted(mixed), usual, tonight.head(19)) == {}


def test_where_only_the_stage_counts_the_stage_is_the_reason(snapshots, usual):
    def by_stage(rows):
        return np.where(rows["stage"].astype(str) == "Proposal", 1.0, -1.0)

    fit = fitted(by_stage, published="aalen_johansen")
    late = snapshots[snapshots["stage"] == "Proposal"].head(1)
    told = explain.reasons(fit, usual, late)[0]
    assert [(r["idea"], r["value"], r["reference"]) for r in told] == [
        ("stage time", "Proposal", "Discovery")
    ]


def test_without_a_model_there_are_no_reasons(usual, tonight):
    fit = fitted(mixed)
    silent = StallFit("none", "", None, {}, fit.evaluation, fit.calibration, {}, fit.encoder)
    assert explain.reasons(silent, usual, tonight.head(2)) == [[], []]
    assert explain.deletion(silent, usual, tonight) == {}
