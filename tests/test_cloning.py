"""Clone, censor, weight, on companies whose truth is known week by week."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom

from models.cloning import Cloning, compare_strategies, truncated
from models.comparison import compare
from models.courses import Courses
from models.pooled import PooledLogit, Rows
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
                lets_go[:] = False
            self.walked[is_open & lets_go] = week
            in_touch = (self.won >= week) & (self.walked > week)
            touched = (r.random(deals) < expit(touching + 0.5 * pull * interest)) | (
                forced == "chase"
            )
            touched &= in_touch
            day = 7 * (week - 1) + r.integers(1, 8, deals)
            self.touches[:, week - 1] = touched
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
