"""How a company lets go: known truths are found, the unknown stays unsaid, nobody is named."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest
from scipy.stats import t as student

from models.clustered import clusters_of, draws_of, incidence, limits, slope
from models.incidence import aalen_johansen
from models.practice import practice
from models.practice_measures import ENDINGS, LAST_DAY, Rules, Scope, clear, fast, sure, trends
from models.spread import expected_decisions, spread
from models.teams import POOLED, Teams

AS_OF = 1_000
RULES = Rules(draws=120)


def company(seed, n=1500, sellers=24, teams=3, team_effect=0.0, **more):
    """Deals with a signal over two years: decided at a rate that goes with team and seller."""
    r = np.random.default_rng(seed)
    seller = r.integers(0, sellers, n)
    team = seller % teams
    apart = np.linspace(-1, 1, teams)
    logs = team_effect * apart[team] + 0.3 * r.normal(size=sellers)[seller]
    amount = r.lognormal(9, 1, n)
    logs = logs + more.get("amount_effect", 0.0) * (np.log(amount) - 9)
    signal_day = r.integers(AS_OF - 730, AS_OF - 1, n)
    wait = np.ceil(r.exponential(60 * np.exp(-logs))).astype(int)
    followed = AS_OF - signal_day
    is_ended = wait <= followed
    ending = r.choice(ENDINGS, n, p=[0.45, 0.4, 0.1, 0.05])
    return pd.DataFrame(
        {
            "deal_id": [f"d{k:05d}" for k in range(n)],
            "seller_id": [f"s{k:03d}" for k in seller],
            "team": [f"team {k}" for k in team],
            "signal": r.choice(["silence", "push"], n),
            "signal_day": signal_day,
            "month": 24_000 + signal_day // 30,
            "ending": pd.Series(ending).where(is_ended),
            "days": np.minimum(wait, followed),
            "followup_days": followed,
            "source": "crm",
            "pipeline": "default",
            "amount": amount,
            "age_days": r.integers(1, 200, n),
            "stage_order": r.integers(1, 7, n),
            "days_in_stage": r.integers(1, 60, n),
            "silence_days": r.integers(0, 30, n),
            "quarter": 4 * 2000 + signal_day // 91,
        }
    )


def walked(waits, seed=0, reversed_share=0.1):
    """A walk-away a deal that was let go."""
    r = np.random.default_rng(seed)
    rows = waits[waits["ending"] == "let_go"].reset_index(drop=True)
    n = len(rows)
    act_day = rows["signal_day"] + rows["days"]
    came = np.where(r.random(n) < reversed_share, "touched", None)
    followed = AS_OF - act_day
    days = np.minimum(np.where(came == "touched", r.integers(4, 60, n), 180), followed)
    misfit = r.random(n) < 0.6
    return pd.DataFrame(
        {
            **{name: rows[name] for name in ("deal_id", "seller_id", "team", "source")},
            "act_day": act_day,
            "month": 24_000 + act_day // 30,
            "is_undone": False,
            "has_reason": pd.Series(misfit | (r.random(n) < 0.5)).astype("boolean"),
            "has_misfit": pd.Series(misfit).astype("boolean"),
            "has_return_date": pd.Series(r.random(n) < 0.2).astype("boolean"),
            "came": pd.Series(came, dtype="object").where(days < followed),
            "days": days,
            "followup_days": followed,
            "is_observed": True,
        }
    )


def told(rows, measure):
    return next(row for row in rows if row["measure"] == measure)


# ---- time, with deals that are not decided yet ---------------------------------------------------


def test_curves_are_aalen_johansens_in_every_draw():
    r = np.random.default_rng(3)
    days, cause, clusters = r.integers(1, 250, 400), r.integers(-1, 3, 400), r.integers(0, 9, 400)
    counts = draws_of(clusters, 5, seed=1)
    found = incidence(days, cause, 3, clusters, counts, LAST_DAY)
    for place in range(6):
        weights = counts[place][clusters]
        expected = aalen_johansen(days, cause, 3, LAST_DAY, weights)
        assert found[place] == pytest.approx(expected, abs=1e-12)


def test_a_median_counts_who_still_waits():
    """Of an exponential with a half at 60 ln 2 days; those that ended were faster."""
    waits = company(1, n=6_000).assign(ending=lambda d: d["ending"].replace("swept", "let_go"))
    waits = waits[waits["followup_days"] < 90].reset_index(drop=True)
    row = told(fast(Scope("company"), waits, RULES), "median_days")
    assert row["low"] <= 60 * np.log(2) <= row["high"]
    assert row["high"] - row["low"] < 25
    ended = waits[waits["ending"].notna()]
    assert ended["days"].median() < row["low"]


def test_a_deal_swept_up_was_never_decided():
    waits = company(2).assign(ending="swept", days=20, followup_days=400)
    rows = fast(Scope("company"), waits, RULES)
    assert told(rows, "decided_90")["value"] == 0
    assert told(rows, "swept_90")["value"] == pytest.approx(1)
    assert told(rows, "median_days")["verdict"] == "not_reached"


def test_a_month_speaks_when_its_days_are_over():
    waits = company(4, n=200).assign(followup_days=lambda d: np.arange(len(d)) + 45)
    rows = fast(Scope("month", "2026-01"), waits, RULES)
    assert told(rows, "decided_30")["verdict"] == "ok"
    assert told(rows, "decided_60")["verdict"] == told(rows, "decided_90")["verdict"] == "not_over"
    assert np.isnan(told(rows, "decided_60")["value"])
    # A company speaks as far as enough of its deals were followed.
    assert told(fast(Scope("company"), waits, RULES), "decided_90")["verdict"] == "ok"


def test_few_deals_say_nothing():
    waits = company(5, n=9)
    rows = fast(Scope("company"), waits, RULES)
    assert {row["verdict"] for row in rows} == {"too_few"}
    assert all(np.isnan(row["value"]) for row in rows)


# ---- intervals -----------------------------------------------------------------------------------


def test_intervals_hold_the_truth_where_sellers_differ():
    r = np.random.default_rng(0)
    held = naive = 0
    for _ in range(300):
        rates = r.beta(3, 3, 20)
        clusters = np.repeat(np.arange(20), 25)
        hits = r.random(500) < rates[clusters]
        counts = draws_of(clusters, 200, seed=1)
        shares = (counts @ np.bincount(clusters, weights=hits)) / (counts @ np.full(20, 25))
        low, high = limits(shares, 500, 20)
        held += low <= 0.5 <= high
        naive += abs(hits.mean() - 0.5) <= 1.96 * np.sqrt(hits.mean() * (1 - hits.mean()) / 500)
    assert held >= 0.92 * 300
    assert naive < 0.8 * 300


@pytest.mark.parametrize("hits", [0, 40])
def test_all_or_nothing_has_the_exact_interval(hits):
    shares = np.full(50, hits / 40)
    exact = binomtest(hits, 40).proportion_ci()
    assert limits(shares, 40, 8) == pytest.approx([exact.low, exact.high])


def test_a_hair_less_than_all_is_all():
    exact = binomtest(40, 40).proportion_ci()
    assert limits(np.full(50, 1 - 1e-15), 40, 8) == pytest.approx([exact.low, exact.high])


def test_sellers_who_agree_by_chance_say_no_more_than_their_deals():
    low, high = limits(np.full(50, 0.5), 40, 8)
    assert 0.5 - low > 1.96 * np.sqrt(0.25 / 40) * 0.9
    assert high - 0.5 == pytest.approx(0.5 - low)


def test_fewer_than_three_sellers_are_drawn_by_deal():
    rows = pd.DataFrame({"seller_id": ["a", "b", "a", "b"]})
    assert list(clusters_of(rows)) == [0, 1, 2, 3]
    assert list(clusters_of(pd.DataFrame({"seller_id": ["c", "a", "b", "a"]}))) == [2, 0, 1, 0]


def test_a_known_slope_is_found():
    r = np.random.default_rng(2)
    when, clusters = r.uniform(0, 2, 4_000), r.integers(0, 30, 4_000)
    event = (r.random(4_000) < 0.3 + 0.1 * when).astype(float)
    rise, low, high = slope(when, event, clusters, draws_of(clusters, 200, seed=3))
    assert rise == pytest.approx(np.polyfit(when, event, 1)[0])
    assert low < 0.1 < high
    assert high - low < 0.1


# ---- clear and sure ------------------------------------------------------------------------------


def test_what_is_not_recorded_is_no_zero():
    walks = walked(company(6))
    none = walks.assign(has_return_date=pd.array([pd.NA] * len(walks), dtype="boolean"))
    rows = clear(Scope("company"), none, RULES)
    assert told(rows, "return_date_share")["verdict"] == "not_recorded"
    row = told(rows, "misfit_share")
    assert row["value"] == pytest.approx(walks["has_misfit"].mean())
    assert row["low"] < 0.6 < row["high"]
    unheard = sure(Scope("company"), walks.assign(is_observed=False), RULES)
    assert told(unheard, "reversed_90")["verdict"] == "not_recorded"


def test_a_reversal_after_the_buyer_moved_is_none():
    walks = walked(company(7), reversed_share=0.3)
    row = told(sure(Scope("company"), walks, RULES), "reversed_90")
    assert row["low"] < 0.3 < row["high"]
    moved = walks.assign(came=walks["came"].where(walks["came"].isna(), "buyer_moved"))
    assert told(sure(Scope("company"), moved, RULES), "reversed_90")["value"] == 0


def test_the_first_half_year_says_nothing_of_reasons():
    """At first only young deals can be let go; a share that starts so has no trend."""
    waits = company(8, n=4_000)
    walks = walked(waits)
    early = walks["act_day"] < waits["signal_day"].min() + LAST_DAY
    walks["has_misfit"] = (walks["has_misfit"] | early).astype("boolean")
    row = told(trends(waits, walks, RULES), "misfit_share_a_year")
    assert row["low"] < 0 < row["high"]
    assert row["n"] == int((~early).sum())


# ---- teams ---------------------------------------------------------------------------------------


def of_teams(waits):
    expected = expected_decisions(waits, waits["ending"].isin(ENDINGS[:3]).to_numpy())
    sellers = np.unique(waits["seller_id"], return_inverse=True)[1]
    return spread(waits["team"], expected.counts(30), sellers)


def test_teams_that_differ_are_told_apart_and_teams_alike_are_not():
    """Where sellers differ, teams of them do so by chance; the test knows it."""
    alike = np.array([of_teams(company(seed)).test["p"] for seed in range(40)])
    assert (alike < 0.05).mean() <= 0.15
    assert all(of_teams(company(seed, team_effect=0.5)).test["p"] < 0.01 for seed in range(3))


def test_a_team_with_other_deals_is_no_other_team():
    """Decisions go with the amount alone, and one team has the small deals."""
    waits = company(11, n=3_000, amount_effect=-0.5)
    is_small = waits["amount"] < waits["amount"].quantile(1 / 3)
    r = np.random.default_rng(1)
    small = np.where(is_small & (r.random(len(waits)) < 0.8), 0, r.integers(1, 3, len(waits)))
    waits["team"] = [f"team {k}" for k in small]
    waits["seller_id"] = [
        f"s{3 * k + team}" for team, k in zip(small, r.integers(0, 8, 3_000), strict=True)
    ]
    groups = of_teams(waits).groups.set_index("name")
    raw = of_teams(waits.assign(amount=1.0)).groups.set_index("name")
    assert np.exp(raw.loc["team 0", "estimate"]) > 1.25
    assert abs(groups.loc["team 0", "estimate"]) < 0.3 * raw.loc["team 0", "estimate"]


def test_observed_is_expected_in_all_and_the_spread_agrees_with_its_test():
    waits = company(12, team_effect=0.35)
    expected = expected_decisions(waits, waits["ending"].isin(ENDINGS[:3]).to_numpy())
    observed, chance, _ = expected.counts(30).sum(axis=0)
    assert chance == pytest.approx(observed, rel=0.01)
    for effect in (0.0, 0.1, 0.35):
        test = of_teams(company(12, team_effect=effect)).test
        assert test["low"] <= test["spread"] <= test["high"]
        assert (test["low"] > 0) == (test["p"] < 0.025)


def test_the_spread_is_as_a_meta_analysis_has_it():
    """DerSimonian and Laird's variance and Cochran's Q, where errors are as good as known."""
    meta = pytest.importorskip("statsmodels.stats.meta_analysis")
    r = np.random.default_rng(4)
    groups, each = 9, 400
    team = np.repeat(np.arange(groups), each)
    rates = 0.2 * np.exp(r.normal(0, 0.2, groups))
    hits = (r.random(len(team)) < rates[team]).astype(float)
    chance = np.full(len(team), hits.mean())
    counts = np.column_stack([hits, chance, chance * (1 - chance)])
    found = spread(pd.Series(team), counts, np.arange(len(team)))
    estimates = found.groups["estimate"].to_numpy()
    errors = (
        (found.groups["high"] - found.groups["low"]) / 2 / student.ppf(0.975, len(team) - groups)
    )
    theirs = meta.combine_effects(estimates, errors.to_numpy() ** 2, method_re="dl")
    assert found.test["spread"] ** 2 == pytest.approx(theirs.tau2, rel=0.02)
    assert found.test["f"] * (groups - 1) == pytest.approx(theirs.q, rel=1e-6)
    assert found.test["low"] < 0.2 < found.test["high"]
    # Drawn towards all by the part that is not error, as each would be by hand.
    keeps = theirs.tau2 / (theirs.tau2 + errors.to_numpy() ** 2)
    shrunk = found.groups["shrunk_estimate"].to_numpy()
    assert shrunk == pytest.approx(keeps * estimates, abs=0.01)


def test_a_team_of_a_few_deals_does_not_speak():
    waits = company(13)
    waits.loc[waits.index[:12], "team"] = "tiny"
    found = of_teams(waits)
    assert "tiny" not in set(found.groups["name"])
    assert (found.test["levels"], found.test["levels_said"]) == (4, 3)
    nobody = spread(waits["team"].head(0), np.zeros((0, 3)), np.zeros(0, dtype=int))
    assert nobody.test["verdict"] == "too_few"


def people(**teams):
    rows = [(team or None, f"{team}{k}") for team, many in teams.items() for k in range(many)]
    return pd.DataFrame(rows, columns=["team", "seller_id"])


def test_a_team_of_one_or_two_is_not_shown_nor_told_by_the_others():
    found = Teams.of(people(a=5, b=2, c=2), people(), name_sellers=False)
    assert found.hidden == {"b": "would_name", "c": "would_name"}
    assert found.shown == ("a", POOLED)
    # One alone would be what is left when the others are taken from all.
    found = Teams.of(people(a=5, b=4, c=1), people(), name_sellers=False)
    assert found.hidden == {"c": "would_name", "b": "shown_together"}
    assert found.shown == ("a", POOLED)
    assert found.shown_as["b"] == found.shown_as["c"] == POOLED
    found = Teams.of(people(a=2), people(), name_sellers=False)
    assert (found.shown, dict(found.hidden)) == ((), {"a": "would_name"})


def test_small_teams_are_shown_where_names_are_allowed_and_none_where_none_is_recorded():
    found = Teams.of(people(a=5, c=1), people(c=1), name_sellers=True)
    assert (found.shown, dict(found.hidden)) == (("a", "c"), {})
    nobody = people(a=3).assign(team=None)
    assert Teams.of(nobody, nobody, name_sellers=False).shown == ()


# ---- all of it -----------------------------------------------------------------------------------


def test_nobody_is_named_unless_settings_allow_it():
    waits = company(14).assign(seller=lambda d: "Ms " + d["seller_id"])
    walks = walked(waits).assign(seller=lambda d: "Ms " + d["seller_id"])
    found = practice(waits.drop(columns="seller"), walks.drop(columns="seller"), RULES)
    everything = pd.concat([found.measures, found.curves, found.spreads]).to_csv()
    assert "s001" not in everything
    assert set(found.measures["scope"]) == {"company", "team", "month"}
    named = practice(waits, walks, Rules(draws=60, name_sellers=True)).measures
    sellers = named[named["scope"] == "seller"]
    assert set(sellers["name"]) == {f"Ms s{k:03d}" for k in range(24)}
    assert "decided_shrunk_ratio" in set(sellers["measure"])


def test_a_team_of_two_is_not_in_any_table():
    waits = company(15, sellers=24)
    waits["team"] = waits["team"].where(~waits["seller_id"].isin(["s001", "s002"]), "the two")
    found = practice(waits, walked(waits), RULES)
    mine = found.measures[found.measures["name"] == "the two"]
    assert list(mine["verdict"]) == ["would_name"]
    assert mine["value"].isna().all() and mine["n"].sum() == 0
    assert "the two" not in set(found.curves["name"])
    assert "small_teams" in set(found.measures["scope"])


def test_the_order_of_rows_is_nothing():
    waits = company(16, n=600)
    walks = walked(waits)
    before = practice(waits, walks, RULES)
    after = practice(
        waits.sample(frac=1, random_state=1), walks.sample(frac=1, random_state=2), RULES
    )
    for name in ("measures", "curves", "spreads"):
        pd.testing.assert_frame_equal(getattr(before, name), getattr(after, name))


@pytest.mark.parametrize("n", [0, 1, 12])
def test_little_or_nothing_is_no_error(n):
    waits = company(17, n=200).head(n)
    found = practice(waits, walked(waits), RULES)
    assert found.measures[found.measures["scope"] == "company"]["measure"].is_unique
    assert set(found.spreads["differs"]) <= {"unknown"}


def test_nulls_everywhere_are_no_error():
    waits = company(18, n=120)
    blank = ["team", "signal", "amount", "age_days", "stage_order", "days_in_stage", "pipeline"]
    waits[blank] = None
    waits["silence_days"] = np.nan
    walks = walked(waits).assign(came=None)
    for name in ("has_reason", "has_misfit", "has_return_date"):
        walks[name] = pd.array([pd.NA] * len(walks), dtype="boolean")
    found = practice(waits, walks, RULES)
    rows = found.measures[found.measures["scope"] == "company"].set_index("measure")
    assert rows.loc["decided_30", "verdict"] == "ok"
    assert rows.loc["misfit_share", "verdict"] == "not_recorded"
    assert "team" not in set(found.measures["scope"])
