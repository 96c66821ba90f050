"""Clone, censor, weight, on companies whose truth is known week by week."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom

from models.cloning import Cloning, truncated
from models.comparison import compare
from models.courses import PLAIN, SKEWED, Courses
from models.pooled import PooledLogit, Rows
from models.strategies import compare_strategies
from models.trial import DecisionPointsError, Rules, Trial, compared

WEEKS = 26
CHASE_WEEKS = 13
HORIZON = 182
NO_FRESH = pd.DataFrame({"wins": [], "hours": []})
NO_BACKLOG = pd.DataFrame({"untouched": []})


class Company:
    """Deals week by week: interest wanders, and with it wins, touches and letting go.

    In a week a win comes first, then the seller may let go, then they may touch. `pull` is how much
    sellers look at interest (and at quality) before they let go; `is_known` says whether deals
    already differ in interest at time zero; `effect` multiplies the weekly chance of a win from
    `delay` weeks after letting go; `touching` is the log-odds of a touch in a week. `forced` is a
    strategy that everybody keeps: 'disqualify' or 'chase'.
    """

    def __init__(
        self,
        seed,
        deals=3000,
        sellers=40,
        pull=0.0,
        effect=1.0,
        delay=0,
        forced=None,
        is_known=True,
        touching=0.9,
    ):
        r = np.random.default_rng(seed)
        self.deals = deals
        self.seller = r.integers(0, sellers, deals)
        self.habit = habit = r.normal(0, 0.4, sellers)[self.seller]
        self.quality = r.normal(size=deals)
        self.followup = r.integers(14, 3000, deals)
        interest = r.normal(size=deals) * is_known
        self.won = np.full(deals, WEEKS + 1)
        self.walked = np.full(deals, WEEKS + 1)
        last_touch = np.zeros(deals)
        shape = (deals, WEEKS)
        self.interest, self.wait = np.zeros(shape), np.zeros(shape)
        self.touches, self.gap = np.zeros(shape, dtype=int), np.full(shape, np.nan)
        self.touch_days = np.full(shape, np.nan)
        for week in range(1, WEEKS + 1):
            self.interest[:, week - 1] = interest
            self.wait[:, week - 1] = 7 * (week - 1) - last_touch
            is_late = (self.walked < week) & (week - self.walked > delay)
            chance = expit(-4.2 + 0.9 * interest + 0.4 * self.quality + 0.3 * habit)
            wins = r.random(deals) < chance * np.where(is_late, effect, 1.0)
            wins &= self.won > WEEKS
            self.won[wins] = week
            is_open = (self.won > week) & (self.walked > WEEKS)
            chance = expit(-2.2 - pull * (interest + 0.5 * self.quality) + habit)
            lets_go = r.random(deals) < chance
            if forced == "disqualify":
                lets_go |= week == 2
            if forced == "chase":
                lets_go &= week > CHASE_WEEKS
            self.walked[is_open & lets_go] = week
            in_touch = (self.won >= week) & (self.walked > week)
            touched = (r.random(deals) < expit(touching + 0.5 * pull * interest)) | (
                forced == "chase"
            )
            touched &= in_touch
            day = 7 * (week - 1) + r.integers(1, 8, deals)
            self.touches[:, week - 1] = touched
            self.touch_days[touched, week - 1] = day[touched] - 7 * (week - 1)
            reached = np.where(touched, day - last_touch, 7 * week - last_touch)
            self.gap[:, week - 1] = np.where(in_touch | (self.walked == week), reached, np.nan)
            last_touch = np.where(touched, day, last_touch)
            interest = 0.85 * interest + r.normal(0, 0.5, deals)

    @property
    def share_won(self):
        return np.mean(self.won <= WEEKS)

    def points(self):
        won = np.where(self.won <= WEEKS, 7.0 * self.won, np.nan)
        early = self.walked <= 2
        ended = np.fmin(np.where(self.walked <= WEEKS, 7.0 * self.walked, np.nan), won)
        n = self.deals
        return pd.DataFrame(
            {
                "deal_id": [f"d{number:05d}" for number in range(n)],
                "seller_id": [f"s{number:03d}" for number in self.seller],
                **dict.fromkeys(("source", "pipeline", "signal", "lead_source"), "one"),
                "signal_day": 20_000 - self.followup,
                "strategy": np.where(early, "disqualify", "chase"),
                "is_eligible": True,
                "ineligible_reason": None,
                "is_walked": early,
                "walk_day": np.where(early, 20_000 - self.followup + 7 * self.walked, np.nan),
                "has_misfit": early,
                "amount": np.sinh(self.quality + 5),
                **dict.fromkeys(
                    (
                        *("age_days", "stage_order", "days_in_stage", "pushes", "touches_all"),
                        *("replies_all", "meetings_held", "contacts", "options", "quarter"),
                        *("touches_since_sign_of_life", "days_to_expected_close"),
                        "seller_win_rate",
                        *("account_deals_before", "account_wins_before"),
                    ),
                    1,
                ),
                "seller_walk_rate": 0.2 + 0.1 * self.habit,
                "silence_days": np.sinh(self.interest[:, 0] + 5),
                "followup_days": self.followup,
                "days_to_account_win": np.where(won <= self.followup, won, np.nan),
                "revenue": np.where(won <= self.followup, 100.0, 0.0),
                "hours": 1.0,
                "hours_logged_share": 0.5,
                "days_to_decision": np.where(ended <= self.followup, ended, np.nan),
                "is_bristled": np.where(early, False, None),
                "is_returned": np.where(early, False, None),
            }
        )

    def weeks(self):
        deal, column = np.nonzero(7 * np.arange(1, WEEKS + 1)[None, :] <= self.followup[:, None])
        week = column + 1
        won, walked = self.won[deal], self.walked[deal]
        over = np.minimum(won, walked)
        before = np.cumsum(self.touches, axis=1) - self.touches
        return pd.DataFrame(
            {
                "deal_id": [f"d{number:05d}" for number in deal],
                "week": week,
                "touches": self.touches[deal, column],
                "replies": 0,
                "walked_away": walked == week,
                "touch_gap_days": self.gap[deal, column],
                "closed": over <= week,
                "won_account": won == week,
                "hours": np.where(over >= week, 0.5, 0.0),
                "logged_hours": np.where(over >= week, 0.2, 0.0),
                "revenue": np.where(won == week, 100.0, 0.0),
                "days": 7,
                "is_open": over >= week,
                # A win is on the first day of its week, letting go on the last.
                "free_days": np.where((over >= week) & (won > week), 7, 0),
                "life_days": np.nan,
                "touch_days": self.touch_days[deal, column],
                "touch_wait_days": self.wait[deal, column],
                "silence_days": np.sinh(self.interest[deal, column] + 5),
                "touches_before": before[deal, column],
                **dict.fromkeys(("replies_before", "pushes_before", "stage_moves_before"), 0),
                "meetings_booked": 0,
            }
        )

    def courses(self):
        rules = Rules(horizon_days=HORIZON)
        trial = Trial.of(compared(self.points(), rules), rules)
        return Courses.of(trial, self.weeks())


def truth(**options):
    """The difference in wins if everybody let go by the second week, against if all chased."""
    shares = [
        np.mean([Company(seed, 40_000, forced=arm, **options).share_won for seed in range(3)])
        for arm in ("disqualify", "chase")
    ]
    return shares[0] - shares[1]


def difference(courses):
    found = compare_strategies(courses, 0, 0)
    return found.means["disqualify"]["account_win"] - found.means["chase"]["account_win"]


# ---- what is estimated -------------------------------------------------------------------------


def test_immortal_time_fools_the_naive_and_not_the_clones():
    """No effect and no confounding: who is ever let go must not have won before."""
    naive, cloned = [], []
    for seed in range(6):
        company = Company(seed)
        ever = company.walked <= WEEKS
        won = company.won <= WEEKS
        naive.append(won[ever].mean() - won[~ever].mean())
        cloned.append(difference(company.courses()))
    assert np.mean(naive) < -0.1
    assert abs(np.mean(cloned)) < 0.01 + 2 * np.std(cloned, ddof=1) / np.sqrt(6)


def test_an_effect_after_eight_weeks_is_found():
    options = {"pull": 0.8, "effect": 0.2, "delay": 8}
    expected = truth(**options)
    assert expected < -0.1
    found = [difference(Company(seed, **options).courses()) for seed in range(6)]
    error = np.std(found, ddof=1) / np.sqrt(6)
    assert np.mean(found) == pytest.approx(expected, abs=0.01 + 2 * error)


def unweighted(monkeypatch):
    whole = Cloning.weights
    monkeypatch.setattr(
        Cloning,
        "weights",
        lambda self, arm, probability: np.ones_like(whole(self, arm, probability)),
    )


def test_weights_undo_informative_leaving(monkeypatch):
    """Sellers let go when interest wanes: without weights the clones that stay are the better."""
    companies = [Company(seed, pull=0.8).courses() for seed in range(6)]
    found = [difference(courses) for courses in companies]
    assert abs(np.mean(found)) < 0.01 + 2 * np.std(found, ddof=1) / np.sqrt(6)
    unweighted(monkeypatch)
    broken = [difference(courses) for courses in companies]
    assert np.mean(broken) < -0.06


def test_time_varying_covariates_are_needed():
    """What was known at time zero does not undo it: chase clones stay while interest lasts."""
    options = {"deals": 10_000, "is_known": False, "touching": 4.0}
    whole, blind = [], []
    for seed in range(4):
        expected = Company(seed, forced="chase", **options).share_won
        courses = Company(seed, pull=0.8, **options).courses()
        whole.append(compare_strategies(courses, 0, 0).means["chase"]["account_win"] - expected)
        courses.varying[:] = 0
        blind.append(compare_strategies(courses, 0, 0).means["chase"]["account_win"] - expected)
    assert abs(np.mean(whole)) < 0.012
    assert np.mean(blind) > 0.02


def test_intervals_cover_about_as_they_say():
    covered, worlds = 0, 30
    for seed in range(worlds):
        company = Company(seed, deals=700, sellers=30, pull=0.6)
        found = compare_strategies(company.courses(), 50, 1).effect("account_win")
        covered += found.low <= 0 <= found.high
    assert binom.cdf(covered, worlds, 0.90) > 0.001, covered


# ---- the parts ---------------------------------------------------------------------------------


def rows_of(seed=0, deals=300, weeks=4):
    r = np.random.default_rng(seed)
    clusters = np.sort(r.integers(0, 12, deals))
    deal = np.repeat(np.arange(deals), weeks)
    base, varying = r.normal(size=(deals, 3)), r.normal(size=(deals * weeks, 2))
    chance = expit(-2 + base[deal, 0] - varying[:, 1])
    happened = r.random(len(deal)) < chance
    return Rows(base, deal, varying, happened, clusters, np.ones(len(deal)))


def test_a_redrawn_fit_is_the_fit_of_the_redrawn_rows():
    """By an outside library: sellers drawn twice count twice, those not drawn not at all."""
    from sklearn.linear_model import LogisticRegression

    rows = rows_of()
    model = PooledLogit(rows)
    counts = np.random.default_rng(2).multinomial(12, np.full(12, 1 / 12), size=3)
    counts[2] = 0
    counts[2, 3] = 12  # far from the fit on all rows
    x = np.hstack([rows.base[rows.deal], rows.varying])
    for drawn, found in zip(counts, model.redrawn(counts), strict=True):
        outside = LogisticRegression(C=1.0, tol=1e-10, max_iter=500)
        outside.fit(x, rows.happened, sample_weight=drawn[rows.clusters[rows.deal]])
        assert found == pytest.approx(outside.predict_proba(x)[:, 1], abs=2e-4)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_what_never_or_always_happens_is_certain(share):
    rows = rows_of()
    model = PooledLogit(replace(rows, happened=np.full(len(rows.deal), share > 0)))
    assert set(model.probability) == {share}
    assert all(set(found) == {share} for found in model.redrawn(np.ones((2, 12), dtype=int)))


def test_a_draw_without_the_act_comes_to_rest():
    rows = rows_of()
    lonely = rows.happened & (rows.clusters[rows.deal] == 4)
    model = PooledLogit(replace(rows, happened=lonely))
    counts = np.ones((1, 12), dtype=int)
    counts[0, 4] = 0
    assert next(model.redrawn(counts)).max() < 0.001


def test_days_alike_are_one_row():
    """A row of several days, the last one that of the act, is as many rows of one day."""
    rows = rows_of()
    days = np.random.default_rng(7).integers(1, 8, len(rows.deal))
    grouped = replace(rows, trials=days.astype(float))
    often = np.repeat(np.arange(len(days)), days)
    is_last = np.append(np.diff(often) > 0, True)
    apart = Rows(
        rows.base,
        rows.deal[often],
        rows.varying[often],
        rows.happened[often] & is_last,
        rows.clusters,
        np.ones(len(often)),
    )
    model, single = PooledLogit(grouped), PooledLogit(apart)
    assert model.probability[often] == pytest.approx(single.probability, abs=1e-6)
    counts = np.random.default_rng(3).multinomial(12, np.full(12, 1 / 12), size=2)
    for found, expected in zip(model.redrawn(counts), single.redrawn(counts), strict=True):
        assert found[often] == pytest.approx(expected, abs=2e-4)


def test_truncation_is_among_the_drawn():
    weights = np.arange(1.0, 1001)
    assert truncated(weights, np.ones(1000)).max() == 995
    assert truncated(weights, weights <= 200).max() == 199
    assert truncated(weights, np.zeros(1000)).max() == 1000


# ---- who stays in which arm --------------------------------------------------------------------


@pytest.fixture
def handful():
    """Deals of two sellers whose weeks are written by hand; 28 days, a grace of two weeks."""
    rules = Rules(horizon_days=28, chase_days=28)
    made = Company(3, deals=8, sellers=2)
    made.followup[:] = 100
    points, weeks = made.points(), made.weeks()
    points["seller_id"] = ["a", "b"] * 4
    points["is_walked"] = [True, False] * 4
    weeks = weeks[weeks["week"] <= 4].assign(
        walked_away=False, closed=False, won_account=False, is_open=True, touches=1
    )
    weeks = weeks.assign(touch_gap_days=3, touch_wait_days=3, free_days=7, touch_days=3.0)

    def told(**cells):
        """Courses after `column = {(deal, week): value}`; a deal let go is closed from then on."""
        frame = weeks.set_index(["deal_id", "week"])
        for column, values in cells.items():
            for (deal, week), value in values.items():
                frame.loc[(f"d{deal:05d}", week), column] = value
        trial = Trial.of(compared(points, rules), rules)
        courses = Courses.of(trial, frame.reset_index())
        order = np.argsort(trial.design.clusters, kind="stable")
        return Cloning(courses), np.argsort(order)

    return told


def stays(cloning, place, arm, deal):
    return cloning.arms[arm].stays[place[deal]].tolist()


def test_clones_leave_when_acts_no_longer_fit(handful):
    cloning, place = handful(
        walked_away={(0, 2): True, (1, 3): True},
        free_days=dict.fromkeys(((0, 3), (0, 4), (1, 4)), 0),
        touch_days=dict.fromkeys(((3, 1), (3, 2), (3, 3)), np.nan),
        touch_gap_days={(2, 4): 22, (3, 3): 22},
        touch_wait_days={(2, 4): 16, (3, 3): 16},
    )
    # let go in the second week: early, and no chase from then on
    assert stays(cloning, place, "disqualify", 0) == [True] * 4
    assert stays(cloning, place, "chase", 0) == [True, True, False, False]
    # let go in the third: too late to be early
    assert stays(cloning, place, "disqualify", 1) == [True, True, False, False]
    assert stays(cloning, place, "chase", 1) == [True, True, True, False]
    # a gap of more than 21 days ends a chase at the end of its week
    assert stays(cloning, place, "chase", 2) == [True] * 4
    assert stays(cloning, place, "chase", 3) == [True, True, True, False]
    assert stays(cloning, place, "wait", 3) == [True] * 4
    # one touch and nobody waits
    assert stays(cloning, place, "wait", 2) == [True, False, False, False]


def test_what_others_end_censors_nobody(handful):
    cloning, place = handful(
        closed={(0, 1): True, (0, 2): True, (0, 3): True, (0, 4): True},
        free_days={(0, 1): 4, **dict.fromkeys(((0, 2), (0, 3), (0, 4)), 0), (1, 1): 0},
        won_account={(1, 1): True},
        touch_gap_days={(0, 2): 20},
        touch_wait_days={(0, 2): 20},
    )
    for deal in (0, 1):
        assert stays(cloning, place, "disqualify", deal) == [True] * 4
        assert stays(cloning, place, "chase", deal) == [True] * 4
    weights = cloning.weights(cloning.arms["disqualify"], chances(cloning, walk=0.1))
    # ended on the fifth day: by then some would have been let go, and others stand for these
    assert weights[place[0]] == pytest.approx([1, *[in_time(10) / in_time(14)] * 2])
    assert weights[place[1]].tolist() == [1, 1, 1]
    assert weights[place[2]] == pytest.approx([1, in_time(7) / in_time(14), 0])


def chances(cloning, **given):
    return {
        name: np.full(len(model.probability), given.get(name, 0.0))
        for name, model in cloning.models.items()
    }


def in_time(days, chance=0.1):
    return 1 - (1 - chance) ** days


def test_who_is_let_go_in_time_stands_for_all(handful):
    """Whatever the day, one over the chance of being let go by the end of grace."""
    cloning, place = handful(
        walked_away={(0, 1): True, (1, 2): True},
        free_days={
            (0, 1): 3,
            (1, 2): 6,
            **dict.fromkeys(((0, 2), (0, 3), (0, 4), (1, 3), (1, 4)), 0),
        },
    )
    weights = cloning.weights(cloning.arms["disqualify"], chances(cloning, walk=0.1))
    assert weights[place[0]] == pytest.approx([1, *[1 / in_time(14)] * 2])
    assert weights[place[1]] == pytest.approx([1, in_time(7) / in_time(14), 1 / in_time(14)])


def test_a_sign_of_life_is_known_from_its_day_on(handful):
    """The days before it are a row of their own, and so is the act after it."""
    cloning, place = handful(
        walked_away={(0, 1): True}, free_days={(0, 1): 5}, life_days={(0, 1): 2.0, (1, 1): 0.0}
    )
    act = cloning.acts["walk"]
    first = (act.deal == place[0]) & (act.week == 0)
    assert act.trials[first].tolist() == [2, 3]
    assert act.room[first].tolist() == [14, 12]
    assert act.happened[first].tolist() == [False, True]
    silence = len(SKEWED) + len(PLAIN) + 2
    assert act.varying[first, silence][0] > 0
    assert act.varying[first, silence][1] == 0
    answered = (act.deal == place[1]) & (act.week == 0)
    assert act.trials[answered].tolist() == [7]
    assert act.varying[answered, silence].tolist() == [0]


def test_weights_multiply_the_chances_of_staying(handful):
    cloning, place = handful(
        touch_wait_days={(0, 2): 16, (2, 2): 16, (2, 3): 23},
        touch_gap_days={(2, 2): 23, (2, 3): 30},
        touch_days={(2, 2): np.nan, (2, 3): np.nan},
    )
    given = chances(cloning, walk=0.01, walk_chasing=0.02, touch_due=0.1)
    weights = cloning.weights(cloning.arms["chase"], given)
    early, late = 0.99**-7, 0.98**-7
    whole = [1, early, early**2, early**2 * late, early**2 * late**2]
    assert weights[place[1]] == pytest.approx(whole)
    # in the second week a touch was due within five days, and came
    touched = np.array([1, 1, *[1 / in_time(5)] * 3])
    assert weights[place[0]] == pytest.approx(whole * touched)
    # or did not: the deadline passed
    assert weights[place[2], 2:].tolist() == [0, 0, 0]
    assert stays(cloning, place, "chase", 2) == [True, True, False, False]


# ---- in the comparison -------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made():
    return Company(5, deals=1500, sellers=30, pull=0.4)


def compared_with(made, points=None, weeks=None, **rules):
    return compare(
        made.points() if points is None else points,
        {"horizon_days": HORIZON, "bootstrap_draws": 50, **rules},
        NO_FRESH,
        NO_BACKLOG,
        weeks=made.weeks() if weeks is None else weeks,
    )


@pytest.fixture(scope="module")
def found(made):
    return compared_with(made)


def test_the_headline_is_first_and_the_break_even_reads_it(found):
    frame = found.strategy_comparison
    first = frame.iloc[0]
    assert (first["method"], first["contrast"]) == ("clone_censor_weight", "disqualify_vs_chase")
    assert first["verdict"] == "ok"
    assert first["low"] < 0 < first["high"]
    assert found.break_even["method"].tolist() == ["clone_censor_weight"]
    assert found.break_even["wins_given_up"].iloc[0] == pytest.approx(
        -first["estimate"] * found.break_even["deals"].iloc[0]
    )
    # half of the hours of each open week were logged but for one tenth
    hours = frame[(frame["method"] == first["method"]) & (frame["outcome"] == "hours")].iloc[0]
    assert hours["high"] < 0
    scaled = found.sensitivity.set_index("label")["estimate"]
    logged = (scaled["assumed_times_0.5"] - 0.5 * hours["estimate"]) / 0.5
    assert scaled["assumed_times_1.5"] == pytest.approx(1.5 * hours["estimate"] - 0.5 * logged)


def test_curves_begin_at_nothing_and_end_at_the_estimate(found):
    curves = found.strategy_incidence.set_index(["strategy", "day"])
    assert curves.loc[("chase", 0), "incidence"] == 0
    ends = curves.xs(HORIZON, level="day")["incidence"]
    assert ends["disqualify"] - ends["chase"] == pytest.approx(
        found.strategy_comparison["estimate"].iloc[0]
    )
    assert (curves["low"] <= curves["incidence"]).all()
    assert (curves["incidence"] <= curves["high"]).all()


def test_clones_are_alike_at_the_end_of_grace_after_weighting(found):
    table = found.balance.set_index("covariate")
    assert abs(table.loc["silence_days", "smd_grace_before"]) > 0.1
    assert table["smd_grace_weighted"].abs().max() < 0.15


def test_rows_in_any_order_give_the_same(made, found):
    r = np.random.default_rng(0)
    points, weeks = made.points(), made.weeks()
    again = compared_with(
        made,
        points.iloc[r.permutation(len(points))],
        weeks.iloc[r.permutation(len(weeks))],
    )
    pd.testing.assert_frame_equal(again.strategy_comparison, found.strategy_comparison)
    pd.testing.assert_frame_equal(again.strategy_incidence, found.strategy_incidence)


def test_too_few_sellers_or_weeks_get_no_number(made):
    few = Company(6, deals=900, sellers=10)
    refused = compared_with(few)
    assert set(refused.strategy_comparison["verdict"].head(4)) == {"too_few"}
    assert refused.strategy_incidence.empty
    short = made.weeks()
    refused = compared_with(made, weeks=short[short["week"] <= 20])
    headline = refused.strategy_comparison.head(4)
    assert set(headline["verdict"]) == {"too_few"}
    assert headline["estimate"].isna().all()


def test_broken_weeks_are_named(made):
    weeks = made.weeks()
    with pytest.raises(DecisionPointsError, match="touch_gap_days"):
        compared_with(made, weeks=weeks.drop(columns="touch_gap_days"))
    with pytest.raises(DecisionPointsError, match="no first week for deal"):
        compared_with(made, weeks=weeks[weeks["deal_id"] != "d00007"])


def test_more_points_than_the_limit_are_sampled_by_seller(made):
    found = compared_with(made, max_points=1200)
    kept = found.facts["compared"]
    assert 900 < kept <= 1200
    assert found.facts["left_out_by_sampling"] == 1500 - kept
    assert found.break_even["deals"].tolist() == [1500]
    rules = Rules(max_points=1200)
    points = made.points()
    sample = compared(points, rules)
    whole = points[points["seller_id"].isin(sample["seller_id"])]
    assert len(whole) == len(sample)  # sellers with all their deals
    assert set(sample["deal_id"]) == set(compared(points.sample(frac=1), rules)["deal_id"])


@pytest.mark.parametrize(
    "rules",
    [
        {"horizon_days": 10},  # shorter than the grace
        {"grace_days": 10, "chase_days": 5},  # no whole weeks, and a chase that ends in the grace
        {"chase_gap_days": 400},
    ],
)
def test_settings_at_the_edge_break_nothing(made, rules):
    trial = Trial.of(compared(made.points(), Rules(**rules)), Rules(**rules))
    found = compare_strategies(Courses.of(trial, made.weeks()), 2, 1)
    for arm in ("disqualify", "chase"):
        assert np.all(np.diff(found.curves[arm]) >= 0)
        assert 0 <= found.means[arm]["account_win"] < 1
        assert found.effective_n(arm) > 50
