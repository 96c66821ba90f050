"""The specification curve, and the rows of falsification, on companies whose truth is known."""

import numpy as np
import pandas as pd
import pytest

from models import robustness
from models.comparison import compare
from models.effects import METHODS, ate
from models.specifications import TYPES
from models.trial import Rules, Trial, compared
from tests.test_comparison import FEW, NO_BACKLOG, NO_FRESH, company

TRUTH = -0.15


@pytest.fixture(scope="module")
def harmful():
    """A company in which letting go costs 15 points, compared as it is and by two other names."""
    points = company(3, deals=2000, sellers=40, effect=TRUTH)
    return compare(points, FEW, NO_FRESH, NO_BACKLOG, {"same": points, "thin": points.head(150)})


def rows(found, **wanted):
    frame = found.specifications
    for column, value in wanted.items():
        frame = frame[frame[column] == value]
    return frame.reset_index(drop=True)


def test_every_combination_has_a_row(harmful):
    frame = harmful.specifications
    keys = frame[["definition", "method", "horizon_days"]]
    assert not keys.duplicated().any()
    assert set(frame["definition"]) == {"as_set", "misfit_recorded", "same", "thin"}
    assert set(frame["method"]) == {"overlap", "ipw", "doubly_robust"}
    assert set(frame["horizon_days"]) == {90, 180, 365}
    assert len(frame) == 4 * 3 * 3
    assert frame.dtypes.astype(str).to_dict() == TYPES | {"definition": "str", "method": "str"}


def test_a_definition_that_changes_nothing_gives_the_same_numbers(harmful):
    drop = ["definition", "is_headline"]
    pd.testing.assert_frame_equal(
        rows(harmful, definition="same").drop(columns=drop),
        rows(harmful, definition="as_set").drop(columns=drop),
        check_exact=True,
    )
    table = harmful.sensitivity.set_index(["analysis", "label"])
    estimates = harmful.strategy_comparison
    said = estimates[
        (estimates["outcome"] == "account_win") & (estimates["method"] == "doubly_robust")
    ].iloc[0]
    for column in ("estimate", "low", "high"):
        assert table.loc[("definition", "same"), column] == said[column]


def test_rows_are_what_the_estimators_say_of_each_horizon(harmful):
    rules = Rules()
    trial = Trial.of(compared(company(3, deals=2000, sellers=40, effect=TRUTH), rules), rules)
    for method in ("overlap", "ipw", "doubly_robust"):
        for days in (90, 180, 365):
            (said,) = rows(
                harmful, definition="as_set", method=method, horizon_days=days
            ).itertuples()
            effect = METHODS[method](trial.design, [trial.win(days)])[0]
            assert (said.estimate, said.low, said.high) == (
                effect.estimate,
                effect.low,
                effect.high,
            )
    table = harmful.sensitivity.set_index(["analysis", "label"])
    longer = rows(harmful, definition="as_set", method="doubly_robust", horizon_days=365)
    assert table.loc[("horizon", "365"), "estimate"] == longer["estimate"].iloc[0]


def test_the_curve_holds_the_truth_and_marks_one_headline(harmful):
    told = rows(harmful, definition="as_set", verdict="ok")
    near = told[told["horizon_days"] == 180]
    assert ((near["low"] < TRUTH) & (near["high"] > TRUTH)).all()
    assert (told["high"] < 0).all()
    (headline,) = rows(harmful, is_headline=True).itertuples()
    assert (headline.definition, headline.method) == ("as_set", "doubly_robust")
    assert headline.horizon_days == 180


def test_too_few_carry_no_number(harmful):
    thin = rows(harmful, definition="thin")
    assert set(thin["verdict"]) == {"too_few"}
    assert thin[["estimate", "low", "high"]].isna().all(axis=None)


def test_each_horizon_passes_the_gates_by_itself():
    found = compare(company(3, deals=900, span=400), FEW, NO_FRESH, NO_BACKLOG)
    as_set = rows(found, definition="as_set")
    by_days = {days: set(part["verdict"]) for days, part in as_set.groupby("horizon_days")}
    assert by_days[180] == {"ok"} and by_days[365] == {"too_few"}
    assert rows(found, horizon_days=365)["estimate"].isna().all()
    table = found.sensitivity.set_index(["analysis", "label"])
    assert table.loc[("horizon", "365"), "note"] == "too_few"


def test_no_overlap_of_all_leaves_the_deals_in_doubt():
    frame = compare(company(5, confounding=3.0), FEW, NO_FRESH, NO_BACKLOG).specifications
    as_set = frame[(frame["definition"] == "as_set") & (frame["horizon_days"] == 180)]
    by_method = as_set.set_index("method")
    assert by_method.loc["overlap", "verdict"] == "ok"
    assert bool(by_method.loc["overlap", "is_headline"])
    assert set(by_method.loc[["ipw", "doubly_robust"], "verdict"]) == {"no_overlap"}


def test_a_refused_company_has_no_curve():
    assert compare(company(2, deals=80, sellers=5), FEW, NO_FRESH, NO_BACKLOG).specifications.empty


# ---- the placebo signal ------------------------------------------------------------------------


def signalled(seed, hidden=0.0, deals=2500, sellers=40):
    """Deals whose sellers go by what is known at the signal, and by `hidden` times a history.

    In the days before the signal the buyer replies the more the warmer they are; the replies make
    the silence and the replies so far, which sellers act on. A month-old talk is on no record that
    the covariates have, and shows in the replies before the signal too.
    """
    r = np.random.default_rng(seed)
    points = company(seed, deals=deals, sellers=sellers)
    warmth, earlier = r.normal(size=deals), r.poisson(3, deals)
    talk = r.normal(size=deals)
    replies = r.poisson(np.exp(0.5 + 0.4 * warmth + 0.5 * talk))
    silence = np.maximum(np.round(24 - 3 * np.minimum(replies, 6) + 2 * r.normal(size=deals)), 1)
    score = 1.6 * (np.arcsinh(silence) - 3.5) - 0.5 * (np.arcsinh(earlier + replies) - 2.2)
    score -= hidden * talk
    points["is_walked"] = r.random(deals) < 1 / (1 + np.exp(0.4 - score))
    points["walk_day"] = np.where(points["is_walked"], points["signal_day"] + 5, np.nan)
    points["silence_days"] = silence
    points["replies_all"] = earlier + replies
    before = pd.DataFrame(
        {
            "deal_id": points["deal_id"],
            "replies": replies,
            "is_forward": r.random(deals) < 1 / (1 + np.exp(-0.5 * talk)),
        }
    )
    return points, before, earlier


def placebo(points, before):
    found = compare(points, FEW, NO_FRESH, NO_BACKLOG, before=before).sensitivity
    return found[found["analysis"] == "placebo_signal"].set_index("label")


def is_nothing(row):
    return row["low"] < 0 < row["high"]


def test_a_placebo_signal_shows_nothing_where_sellers_go_by_what_is_known():
    quiet = [placebo(*signalled(seed)[:2]) for seed in range(5)]
    for label in ("replies", "is_forward"):
        assert sum(is_nothing(table.loc[label]) for table in quiet) >= 4
    assert {table.loc["replies", "unit"] for table in quiet} == {"count"}
    assert set(quiet[0]["note"]) == {"should_be_nothing"}


def test_a_placebo_signal_shows_a_history_that_nobody_recorded():
    told = placebo(*signalled(1, hidden=1.0)[:2])
    assert told.loc["replies", "high"] < 0
    assert told.loc["is_forward", "high"] < 0


def test_what_was_known_at_the_placebo_alone_would_alarm_without_cause():
    """Why it is adjusted for the real signal's covariates: the days between made them."""
    points, before, earlier = signalled(1)
    x = np.column_stack([earlier, points["amount"], points["stage_order"]])
    found = ate(
        before["replies"], points["is_walked"], x.astype(float), points["seller_id"].to_numpy()
    )
    assert found.high < 0


def test_a_placebo_signal_is_refused_by_itself():
    points, before, _ = signalled(2, deals=1200)
    few = placebo(points, before.head(80))
    assert set(few["note"]) == {"too_few"} and few["estimate"].isna().all()
    always = placebo(points, before.assign(is_forward=True))
    assert always.loc["is_forward", "note"] == "too_few"
    assert always.loc["replies", "note"] == "should_be_nothing"
    none = compare(points, FEW, NO_FRESH, NO_BACKLOG).sensitivity
    assert "placebo_signal" not in set(none["analysis"])


# ---- the model's signal ------------------------------------------------------------------------


def test_the_models_signal_is_compared_refused_or_missing():
    rules = Rules()
    (missing,) = robustness.model_signal(None, rules).to_dict("records")
    assert missing["note"] == "no_past_scores" and np.isnan(missing["estimate"])
    (few,) = robustness.model_signal(company(1, deals=50), rules).to_dict("records")
    assert few["note"] == "too_few" and np.isnan(few["estimate"])
    (none,) = robustness.model_signal(company(1).head(0), rules).to_dict("records")
    assert none["note"] == "too_few"
    points = company(3, deals=2000, sellers=40, effect=TRUTH)
    (said,) = robustness.model_signal(points, rules).to_dict("records")
    assert (said["analysis"], said["label"]) == ("time_zero", "model_signal")
    assert said["low"] < TRUTH < said["high"] < 0.02
