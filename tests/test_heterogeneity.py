"""Kinds of deals: told apart where they differ, not where they do not, silent where too few."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student

from models.comparison import compare
from models.heterogeneity import Heterogeneity, incidence, judge, with_holm
from models.segments import Segments, levels
from models.sustained import Sustained
from models.trial import Rules, Trial, compared
from reports import segments as page
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View
from tests.test_cloning import HORIZON, NO_BACKLOG, NO_FRESH, Company

RULES = {"horizon_days": HORIZON, "bootstrap_draws": 100}
HARMS, HELPS = 0.1, 2.0


class Firm:
    """Two kinds of leads in one company: letting go loses the ones, and wins the others back."""

    def __init__(self):
        parts = {
            "fair": Company(1, deals=1500, sellers=30, pull=0.4, effect=HARMS),
            "friend": Company(2, deals=1500, sellers=30, pull=0.4, effect=HELPS),
        }
        self.points, self.weeks = (
            pd.concat(
                [
                    frame.assign(deal_id=source + frame["deal_id"])
                    for source, frame in zip(parts, frames, strict=True)
                ],
                ignore_index=True,
            )
            for frames in (
                [made.points().assign(lead_source=name) for name, made in parts.items()],
                [made.weeks() for made in parts.values()],
            )
        )
        r = np.random.default_rng(3)
        self.points["signal"] = r.choice(["push", "silence"], len(self.points))
        self.points["stage_order"] = r.integers(1, 7, len(self.points))


def told(points, weeks, **rules):
    settings = Rules.of({**RULES, **rules})
    return Sustained.of(Trial.of(compared(points, settings), settings), weeks)


def row(frame, attribute, level=None):
    found = frame[frame["attribute"] == attribute].set_index("level" if level else "attribute")
    return found.loc[level or attribute]


@pytest.fixture(scope="module")
def firm():
    return Firm()


@pytest.fixture(scope="module")
def headline(firm):
    return told(firm.points, firm.weeks)


@pytest.fixture(scope="module")
def found(headline):
    return headline.heterogeneity()


# ---- what is estimated -------------------------------------------------------------------------


def test_what_differs_is_found_and_in_the_right_place(found):
    assert row(found.tests, "origin")["differs"] == "yes"
    assert set(found.tests.set_index("attribute")["differs"].drop("origin")) <= {"no", "unknown"}
    for source, effect in (("fair", HARMS), ("friend", HELPS)):
        share = {
            arm: Company(9, 20_000, pull=0.4, effect=effect, forced=arm).share_won
            for arm in ("disqualify", "chase")
        }
        true = share["disqualify"] - share["chase"]
        level = row(found.segments, "origin", source)
        assert level["low"] < true < level["high"]
        assert level["shrunk_low"] < true < level["shrunk_high"]
        assert abs(true) > 0.05


def test_levels_are_drawn_towards_all_deals_and_no_further(found, headline):
    overall = headline.headline["account_win"].estimate
    said = found.segments[found.segments["verdict"] == "ok"].dropna(subset=["shrunk_estimate"])
    assert len(said) >= 6
    origin = said[said["attribute"] == "origin"]
    assert (
        (origin["shrunk_estimate"] - overall).abs().lt((origin["estimate"] - overall).abs()).all()
    )
    same = said[said["attribute"].map(found.tests.set_index("attribute")["spread"]) == 0]
    assert len(same) and same["shrunk_estimate"].to_numpy() == pytest.approx(overall)
    assert same["shrunk_low"].to_numpy() == pytest.approx(headline.headline["account_win"].low)


def test_an_attribute_of_one_level_says_what_the_headline_says(found, headline):
    whole, only = headline.headline["account_win"], row(found.segments, "options", "1")
    numbers = [only[name] for name in ("estimate", "low", "high")]
    assert numbers == pytest.approx([whole.estimate, whole.low, whole.high])
    assert only["events_treated"] == headline.strategies.wins("disqualify")
    assert row(found.tests, "options")["differs"] == "unknown"


def test_the_levels_of_an_attribute_hold_every_deal_once(found, headline):
    n = len(headline.strategies.cloning.courses.base)
    assert found.segments.groupby("attribute")["n"].sum().to_dict() == dict.fromkeys(
        ("amount", "stage", "signal", "origin", "options"), n
    )


def test_incidence_by_hand():
    sums = np.array([[[10.0, 1.0]], [[8.0, 2.0]], [[0.0, 0.0]]])  # weeks, one segment
    assert incidence(sums) == pytest.approx([1 - 0.9 * 0.75])
    assert np.isnan(incidence(np.zeros((3, 1, 2)))).all()


def test_rows_in_any_order_give_the_same(firm, found):
    r = np.random.default_rng(0)
    again = told(
        firm.points.iloc[r.permutation(len(firm.points))],
        firm.weeks.iloc[r.permutation(len(firm.weeks))],
    ).heterogeneity()
    pd.testing.assert_frame_equal(again.segments, found.segments)
    pd.testing.assert_frame_equal(again.tests, found.tests)


def test_names_of_levels_are_nothing_but_names(firm, found):
    named = {"fair": "z <b>", "friend": "아는 사람"}
    points = firm.points.assign(lead_source=firm.points["lead_source"].map(named))
    again = told(points, firm.weeks).heterogeneity()
    columns = ["estimate", "low", "high", "shrunk_estimate", "events_treated", "n_sellers"]
    for old, new in named.items():
        assert row(again.segments, "origin", new)[columns].to_list() == pytest.approx(
            row(found.segments, "origin", old)[columns].to_list()
        )
    assert row(again.tests, "origin")["p"] == pytest.approx(row(found.tests, "origin")["p"])


# ---- what is not said --------------------------------------------------------------------------


def test_a_level_below_the_minimum_is_shown_without_a_number(firm):
    few = firm.points["lead_source"].where(firm.points.index >= 120, "rare")
    found = told(firm.points.assign(lead_source=few), firm.weeks, bootstrap_draws=20)
    rare = row(found.heterogeneity().segments, "origin", "other")
    assert rare["verdict"] == "too_few" and rare["n"] < 130 and rare["events_control"] < 50
    assert rare[["estimate", "low", "high", "shrunk_estimate"]].isna().all()


def test_a_level_of_few_sellers_is_refused_however_many_deals_it_has(firm):
    sellers = firm.points["seller_id"]
    few = firm.points["signal"].where(sellers > "s008", "later")
    found = told(firm.points.assign(signal=few), firm.weeks, bootstrap_draws=20).heterogeneity()
    level = row(found.segments, "signal", "later")
    assert level["n"] > 700 and level["n_sellers"] == 9
    assert level["verdict"] == "too_few" and np.isnan(level["estimate"])


def test_small_sources_are_taken_together_and_the_others_stay(firm):
    r = np.random.default_rng(1)
    small = r.choice(["a", "b", "c", None], len(firm.points))
    is_small = firm.points["lead_source"] == "fair"
    points = firm.points.assign(lead_source=np.where(is_small, small, "friend"))
    found = told(points, firm.weeks, bootstrap_draws=20).heterogeneity()
    origin = found.segments[found.segments["attribute"] == "origin"].set_index("level")
    assert origin.index.tolist() == ["friend", "other"]
    assert origin.loc["other", "verdict"] == "ok"
    assert origin["n"].sum() == found.segments.loc[0:2, "n"].sum()


def test_where_no_source_stands_alone_none_is_called_other(firm):
    r = np.random.default_rng(1)
    found = told(
        firm.points.assign(lead_source=r.choice(list("abcdefgh"), len(firm.points))),
        firm.weeks,
        bootstrap_draws=20,
    ).heterogeneity()
    origin = found.segments[found.segments["attribute"] == "origin"]
    assert len(origin) == 8 and set(origin["verdict"]) == {"too_few"}


def test_where_the_headline_is_refused_nothing_is_said(firm):
    settings = {**RULES, "bootstrap_draws": 10}
    few = firm.points[firm.points["seller_id"] < "s012"]
    refused = compare(few, settings, NO_FRESH, NO_BACKLOG, weeks=firm.weeks)
    assert refused.heterogeneity.empty
    assert set(refused.heterogeneity_tests["verdict"]) == {"too_few"}
    assert set(refused.heterogeneity_tests["differs"]) == {"unknown"}
    unseen = compare(few.head(0), settings, NO_FRESH, NO_BACKLOG)
    assert unseen.heterogeneity.empty and len(unseen.heterogeneity_tests) == 5


# ---- the test and the shrinkage ----------------------------------------------------------------


def of_sellers(r, sellers, means, draws=200):
    """Levels' means over sellers who differ, and their draws with those of the mean of all."""
    values = means + r.normal(size=(sellers, 1)) + r.normal(size=(sellers, len(means)))
    counts = r.multinomial(sellers, np.full(sellers, 1 / sellers), size=draws) / sellers
    drawn = counts @ values
    whole = values.mean(axis=0)
    return judge(whole, drawn, float(whole.mean()), drawn.mean(axis=1), sellers)


@pytest.mark.parametrize(("sellers", "k"), [(20, 2), (20, 5), (60, 3)])
def test_where_levels_are_the_same_the_test_says_so(sellers, k):
    """Rejections at 5 % in 1500 companies: at most 5 % and three Monte-Carlo errors."""
    r = np.random.default_rng(k)
    p = np.array([of_sellers(r, sellers, np.zeros(k)).test["p"] for _ in range(1500)])
    assert 0.02 < np.mean(p < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1500)


def test_what_is_drawn_towards_all_is_nearer_to_the_truth():
    r = np.random.default_rng(5)
    raw, shrunk, held = [], [], []
    for _ in range(400):
        means = r.normal(0, 0.25, 5)
        for mean, said in zip(means, of_sellers(r, 30, means).rows, strict=True):
            raw.append((said["estimate"] - mean) ** 2)
            shrunk.append((said["shrunk_estimate"] - mean) ** 2)
            held.append(said["low"] < mean < said["high"])
    assert np.mean(shrunk) < np.mean(raw)
    assert 0.93 < np.mean(held) < 0.97


def test_shrinkage_by_hand():
    """Two levels of equal, independent errors s and an overall effect without any."""
    draws, sellers, s = 4000, 4001, 0.1
    r = np.random.default_rng(0)
    noise = r.normal(size=(draws, 2))
    noise = np.linalg.qr(noise - noise.mean(axis=0))[0] * s * np.sqrt(draws - 1)
    said = judge(np.array([-0.3, 0.3]), noise, 0.0, np.zeros(draws), sellers)
    dof = 2000.0
    wald = 0.6**2 / (2 * s**2)
    # one difference, of variance 2 s^2 + 2 t^2
    spread2 = (wald * (dof - 2) / dof - 1) * s**2
    assert said.test["f"] == pytest.approx(wald, rel=1e-3)
    assert said.test["spread"] ** 2 == pytest.approx(spread2, rel=1e-3)
    keeps = spread2 / (spread2 + s**2)
    error = np.sqrt(keeps**2 * s**2 + (1 - keeps) ** 2 * spread2)
    high = said.rows[1]
    assert high["shrunk_estimate"] == pytest.approx(0.3 * keeps, rel=1e-3)
    assert high["shrunk_high"] - high["shrunk_estimate"] == pytest.approx(
        student.ppf(0.975, sellers - 1) * error, rel=1e-3
    )


def test_attributes_are_held_to_account_together():
    rows = with_holm([{"p": p} for p in (0.03, 0.009, np.nan, 0.02)])
    assert [each["p_holm"] for each in rows] == pytest.approx(
        [0.04, 0.027, np.nan, 0.04], nan_ok=True
    )
    assert [each["differs"] for each in rows] == ["yes", "yes", "unknown", "yes"]
    assert [each["differs"] for each in with_holm([{"p": 0.03}, {"p": 0.04}])] == ["no", "no"]


# ---- the levels --------------------------------------------------------------------------------


def kinds(**columns):
    n = len(next(iter(columns.values())))
    plain = {"amount": 1.0, "stage_order": 1, "pipeline": "p", "signal": "push"}
    plain |= {"lead_source": None, "options": 0}
    return levels(pd.DataFrame({name: [value] * n for name, value in plain.items()} | columns))


def test_levels_by_hand():
    amounts = kinds(amount=[1, 1, 2, 3, 4, 9, None])["amount"].tolist()
    assert amounts == ["low", "low", "middle", "middle", "high", "high", "unknown"]
    assert set(kinds(amount=[5.0] * 4)["amount"]) == {"low"}
    stages = kinds(stage_order=[1, 2, 3, 4, None, 5, 6, 7], pipeline=list("aaaaabbc"))["stage"]
    assert stages.tolist() == [
        "early",
        "early",
        "late",
        "late",
        "unknown",
        "early",
        "late",
        "unknown",
    ]
    assert kinds(options=[0, 1, 2, 7, None])["options"].tolist() == [
        "0",
        "1",
        "2+",
        "2+",
        "unknown",
    ]
    assert set(kinds(lead_source=[None, np.nan, "web"])["origin"]) == {"unknown", "web"}


def test_free_text_does_not_make_a_level_a_deal(firm):
    points = firm.points.assign(lead_source=[f"call {n}" for n in range(len(firm.points))])
    settings = Rules.of(RULES)
    segments = Segments.of(Trial.of(compared(points, settings), settings))
    assert [segments.level[place] for place in segments.places("origin")] == ["other"]


# ---- the page ----------------------------------------------------------------------------------


@pytest.fixture
def view():
    return View(Words.read("en"), Formats("EUR"), {})


def marts(segments, tests, estimate=-0.02):
    comparison = pd.DataFrame(
        [
            {
                **{"outcome": "account_win", "estimand": "per_protocol", "verdict": "ok"},
                **{"contrast": "disqualify_vs_chase", "method": "clone_censor_weight"},
                **{"estimate": estimate, "low": -0.06, "high": 0.02, "unit": "points", "n": 3000},
                **{"effective_n": 900.0, "n_sellers": 30},
                **{"events_treated": 200, "events_control": 400},
            }
        ]
    )
    return Marts(
        {
            "heterogeneity": segments,
            "heterogeneity_tests": tests,
            "strategy_comparison": comparison,
        }
    )


def test_the_page_names_what_surely_differs_and_both_ends(found, view):
    hostile = found.segments.replace({"level": {"friend": "<script>"}})
    sentence = page.segment_sentences(view, marts(hostile, found.tests))[0]
    assert "surely differs by <strong>lead source</strong>" in sentence
    assert "best for &lt;script&gt; (+" in sentence and "worst for fair (−" in sentence
    table = page.segment_table(marts(found.segments, found.tests), view)
    assert len(table.rows) == len(found.segments)
    shown = page.segment_chart(marts(found.segments, found.tests), view).figure["data"][0]["y"]
    assert shown[0] == "All deals" and "Lead source: friend" in list(shown)
    verdicts = {r[0].text: r[1].text for r in page.verdict_table(marts(*_both(found)), view).rows}
    assert (
        verdicts["Lead source"] == "surely" and verdicts["Options on the table"] == "too few to say"
    )


def _both(found):
    return found.segments, found.tests


def test_the_page_keeps_an_order_whatever_the_rows(found, view):
    mixed = marts(found.segments.sample(frac=1, random_state=1), found.tests)
    shown = [(r[0].text, r[1].text) for r in page.segment_table(mixed, view).rows]
    assert [level.split()[0] for _, level in shown[:5]] == [
        *("lowest", "middle", "highest"),
        *("earlier", "later"),
    ]
    assert shown == [(r[0].text, r[1].text) for r in _rows(found, view)]


def _rows(found, view):
    return page.segment_table(marts(found.segments, found.tests), view).rows


def test_the_page_never_says_that_there_is_no_difference(found, view):
    tests = found.tests.assign(differs=found.tests["differs"].replace("yes", "no"))
    sentence = page.segment_sentences(view, marts(found.segments, tests))[0].striptags()
    assert sentence.startswith("The data do not show that the answer differs by amount, stage")
    assert "options" not in sentence and "not to say that it is the same" in sentence


def test_the_page_says_when_too_few_and_when_not_asked(found, view):
    refused = found.segments.assign(verdict="too_few", estimate=np.nan, shrunk_estimate=np.nan)
    unknown = marts(refused, found.tests.assign(differs="unknown"))
    assert "Too few to say" in page.segment_sentences(view, unknown)[0].striptags()
    cells = page.segment_table(unknown, view).rows[0]
    assert (cells[2].text, cells[3].text, cells[0].tone) == ("too few to say", "", "thin")
    assert page.segment_chart(unknown, view) is None
    nothing = Heterogeneity.refused("no_overlap")
    asked = marts(nothing.segments, nothing.tests)
    assert "is not asked" in page.segment_sentences(view, asked)[0]
    assert page.segment_table(asked, view) is None and page.verdict_table(asked, view) is None
    assert page.segment_sentences(view, Marts({})) == []
