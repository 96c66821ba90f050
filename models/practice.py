"""Whether a company's way of letting go is fast, clear, sure and repeatable.

How long a deal waits is known to its end only for those that have ended: shares by a day are
Aalen-Johansen's, deals not yet decided being censored, and a median is read off that curve. A deal
swept in a clean-up was never decided, so that is an ending of its own. Intervals are by draws of
sellers, on the logit scale with t(G - 1); of a group with fewer than three sellers, of its deals.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from scipy.stats import beta
from scipy.stats import t as student

from models.heterogeneity import with_holm
from models.incidence import Ints, cumulative
from models.propensity import SEED, Codes, Flags, Floats, codes
from models.spread import EDGES, Expected, expected_decisions, expected_shares, spread
from models.teams import POOLED, Teams

DECIDED = ("let_go", "buyer", "unsaid")
ENDINGS = (*DECIDED, "swept")
REVERSED = ("reopened", "touched")
MOVES = (*REVERSED, "buyer_moved", "due")
LEFT = ("reason", "misfit", "return_date")
HORIZONS = (30, 60, 90)
FAST_BY, SURE_BY = 30, 90
LAST_DAY = 180
LEAST_ROWS, LEAST_SELLERS, LEAST_MONTHS = 10, 3, 6
MONTHS_SHOWN = 24
YEAR_DAYS = 365.25
TYPES = {
    **dict.fromkeys(("measure", "scope", "name"), "str"),
    **dict.fromkeys(("value", "low", "high"), "float64"),
    **dict.fromkeys(("n", "sellers"), "int64"),
    "verdict": "str",
}
CURVE_TYPES = {
    **dict.fromkeys(("scope", "name"), "str"),
    "day": "int64",
    **dict.fromkeys(("decided", "expected", "low", "high"), "float64"),
}
TEST_TYPES = {
    **dict.fromkeys(("measure", "unit"), "str"),
    **dict.fromkeys(("levels", "levels_said"), "int64"),
    **dict.fromkeys(("spread", "low", "high", "f", "dof", "dof_error", "p", "p_holm"), "float64"),
    **dict.fromkeys(("differs", "verdict"), "str"),
}


@dataclass(frozen=True)
class Rules:
    """Draws and seed of the intervals, and whether sellers and very small teams may be shown."""

    draws: int = 200
    seed: int = SEED
    name_sellers: bool = False


@dataclass(frozen=True, eq=False)
class Practice:
    """`measures`: a row a measure and scope; `curves` of teams; `spreads`: do groups differ?"""

    measures: pd.DataFrame
    curves: pd.DataFrame
    spreads: pd.DataFrame


def practice(waits: pd.DataFrame, walks: pd.DataFrame, rules: Rules) -> Practice:
    """All four questions of features.decision_times and features.walk_aways.

    Where sellers may be named, both have a column `seller` with what to call them.
    """
    waits = waits[waits["seller_id"].notna() & ~(waits["ending"].isna() & (waits["days"] < 1))]
    waits = waits.sort_values("deal_id", kind="stable", ignore_index=True)
    walks = walks[walks["seller_id"].notna()]
    walks = walks.sort_values(["deal_id", "act_day"], kind="stable", ignore_index=True)
    teams = Teams.of(waits, walks, rules.name_sellers)
    rows = _scope("company", "", waits, walks, rules)
    rows += _trends(waits, walks, rules)
    for name in teams.shown:
        parts = (frame[teams.of_rows(frame) == name] for frame in (waits, walks))
        rows += _scope(*(("small_teams", "") if name == POOLED else ("team", name)), *parts, rules)
    rows += [
        _row("team", "team", name, np.nan, verdict=why) for name, why in sorted(teams.hidden.items())
    ]
    for month in sorted({*waits["month"], *walks["month"]})[-MONTHS_SHOWN:]:
        parts = (frame[frame["month"] == month] for frame in (waits, walks))
        rows += _scope("month", f"{month // 12:04d}-{month % 12 + 1:02d}", *parts, rules)
    if rules.name_sellers:
        for name in sorted({*waits["seller"], *walks["seller"]}):
            parts = (frame[frame["seller"] == name] for frame in (waits, walks))
            rows += _scope("seller", name, *parts, rules)
    expected = expected_decisions(waits, _is_decided(waits)) if len(waits) else None
    ratios, tests = _spreads(waits, walks, expected, teams, rules)
    curves = _curves(waits, expected, teams, rules) if expected else []
    return Practice(
        _typed(rows + ratios, TYPES), _typed(curves, CURVE_TYPES), _typed(tests, TEST_TYPES)
    )


def _typed(rows: Iterable[Mapping[str, object]], types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(types)).astype(dict(types))


def _row(
    measure: str,
    scope: str,
    name: str,
    value: float,
    ends: Sequence[float] | Floats = (np.nan, np.nan),
    n: int = 0,
    sellers: int = 0,
    verdict: str = "ok",
) -> dict[str, object]:
    told = {"measure": measure, "scope": scope, "name": name, "value": value}
    return {
        **told,
        **{"low": float(ends[0]), "high": float(ends[1])},
        **{"n": n, "sellers": sellers, "verdict": verdict},
    }


def _is_decided(waits: pd.DataFrame) -> Flags:
    found: Flags = waits["ending"].isin(DECIDED).to_numpy(dtype=np.bool_)
    return found


def _clusters(rows: pd.DataFrame) -> Codes:
    """Sellers, or the rows themselves where fewer than three sellers would have to vary."""
    sellers = codes(rows["seller_id"].astype(str))
    return sellers if sellers.max(initial=-1) + 1 >= LEAST_SELLERS else np.arange(len(rows))


def _counts(clusters: Codes, rules: Rules) -> Floats:
    """How often each cluster is drawn: once each, and then by lot. (1 + draws, G)"""
    many = int(clusters.max()) + 1
    rng = np.random.default_rng(rules.seed)
    lots = rng.multinomial(many, np.full(many, 1 / many), size=rules.draws)
    return np.vstack([np.ones(many), lots])


def incidence(days: Ints, cause: Ints, causes: int, clusters: Codes, counts: Floats) -> Floats:
    """Aalen-Johansen by days 1 to LAST_DAY in each draw. (draws, LAST_DAY, causes)

    `cause` is -1 for what has not ended by `days`; `counts` (draws, G) says how often a cluster is
    drawn.
    """
    width = LAST_DAY + 2
    many = counts.shape[1]
    place = clusters * width + np.clip(days, 1, LAST_DAY + 1)

    def summed(rows: Flags) -> Floats:
        found: Floats = counts @ np.bincount(place[rows], minlength=many * width).reshape(many, -1)
        return found

    at_risk = summed(np.ones(len(days), dtype=np.bool_))[:, ::-1].cumsum(axis=1)[:, ::-1]
    events = np.stack([summed(cause == k) for k in range(causes)], axis=-1)
    hazards = np.divide(
        events, at_risk[..., None], out=np.zeros_like(events), where=at_risk[..., None] > 0
    )
    return cumulative(hazards[:, 1 : LAST_DAY + 1])


def limits(shares: Floats, n: int, clusters: int) -> Floats:
    """The 95 % intervals of shares, the first row of `shares`, from draws, the others. (..., 2)

    On the logit scale with t(G - 1), deviations scaled by G/(G - 1); a share of all or nothing has
    the exact binomial one of `n` rows.
    """
    share = shares[0]
    error = shares[1:].std(axis=0, ddof=1) * np.sqrt(clusters / max(clusters - 1, 1))
    # A handful of sellers may agree by chance; they say no more than as many rows of their own.
    error = np.maximum(error, np.sqrt(share * (1 - share) / n))
    is_exact = ~((share > 0) & (share < 1) & (error > 0))
    hits = share * n
    exact = [
        np.where(hits > 0, beta.ppf(0.025, np.maximum(hits, 1e-9), n - hits + 1), 0.0),
        np.where(hits < n, beta.ppf(0.975, hits + 1, np.maximum(n - hits, 1e-9)), 1.0),
    ]
    inside = np.where(is_exact, 0.5, share)
    reach = student.ppf(0.975, max(clusters - 1, 1)) * error / (inside * (1 - inside))
    drawn = [expit(logit(inside) - reach), expit(logit(inside) + reach)]
    return np.stack(
        [np.where(is_exact, *pair) for pair in zip(exact, drawn, strict=True)], axis=-1
    )


def _scope(
    scope: str, name: str, waits: pd.DataFrame, walks: pd.DataFrame, rules: Rules
) -> list[dict[str, object]]:
    return [*_fast(scope, name, waits, rules), *_left(scope, name, walks, rules)] + [
        *_sure(scope, name, walks, rules)
    ]


def _fast(scope: str, name: str, rows: pd.DataFrame, rules: Rules) -> list[dict[str, object]]:
    """Shares decided by 30, 60 and 90 days, by whom, and the median; of a month when it is over."""
    told = [f"decided_{day}" for day in HORIZONS]
    told += [f"{ending}_{HORIZONS[-1]}" for ending in ENDINGS] + ["median_days"]
    many = rows["seller_id"].nunique()
    size = {"n": len(rows), "sellers": many}
    if len(rows) < LEAST_ROWS:
        return [_row(each, scope, name, np.nan, **size, verdict="too_few") for each in told]
    clusters = _clusters(rows)
    groups = int(clusters.max()) + 1
    cause = pd.Categorical(rows["ending"], categories=ENDINGS).codes.astype(np.int64)
    days = rows["days"].to_numpy(dtype=np.int64)
    drawn = incidence(days, cause, len(ENDINGS), clusters, _counts(clusters, rules))
    decided = drawn[..., : len(DECIDED)].sum(axis=-1)
    asked = {f"decided_{day}": (day, decided[:, day - 1]) for day in HORIZONS}
    last = HORIZONS[-1]
    asked |= {
        f"{ending}_{last}": (last, drawn[:, last - 1, k]) for k, ending in enumerate(ENDINGS)
    }
    followed = rows["followup_days"].to_numpy(dtype=np.int64)
    found = []
    for measure, (day, shares) in asked.items():
        is_known = _is_known(followed, day, scope)
        if is_known:
            ends = limits(shares, len(rows), groups)
            found.append(_row(measure, scope, name, float(shares[0]), ends, **size))
        else:
            found.append(_row(measure, scope, name, np.nan, **size, verdict="not_over"))
    # Followed long enough are those who were, or of a month its last.
    furthest = followed.min() if scope == "month" else np.sort(followed)[-LEAST_ROWS]
    decided = decided[:, : min(int(furthest), LAST_DAY)]
    lows, highs = limits(decided, len(rows), groups).T
    half, late, early = (_first_half(line) for line in (decided[0], lows, highs))
    verdict = "ok" if np.isfinite(half) else "not_reached"
    found.append(_row("median_days", scope, name, half, (early, late), **size, verdict=verdict))
    return found


def _is_known(followed: Ints, day: int, scope: str) -> bool:
    """Whether enough deals were followed that long; of a month all of them."""
    if scope == "month":
        return bool(followed.min() >= day)
    return int((followed >= day).sum()) >= LEAST_ROWS


def _first_half(shares: Floats) -> float:
    reached = np.flatnonzero(shares >= 0.5)
    return float(reached[0] + 1) if len(reached) else np.nan


def _left(scope: str, name: str, walks: pd.DataFrame, rules: Rules) -> list[dict[str, object]]:
    """Shares of walk-aways with a reason, a misfit reason and a date to return."""
    found = []
    for what in LEFT:
        measure = f"{what}_share"
        rows = walks[walks[f"has_{what}"].notna()]
        size = {"n": len(rows), "sellers": rows["seller_id"].nunique()}
        if len(rows) < LEAST_ROWS:
            why = "too_few" if len(rows) or len(walks) < LEAST_ROWS else "not_recorded"
            found.append(_row(measure, scope, name, np.nan, **size, verdict=why))
            continue
        clusters = _clusters(rows)
        counts = _counts(clusters, rules)
        hits = np.bincount(clusters, weights=rows[f"has_{what}"].to_numpy(dtype=np.float64))
        shares = (counts @ hits) / (counts @ np.bincount(clusters))
        ends = limits(shares, len(rows), counts.shape[1])
        found.append(_row(measure, scope, name, float(shares[0]), ends, **size))
    return found


def _sure(scope: str, name: str, walks: pd.DataFrame, rules: Rules) -> list[dict[str, object]]:
    """The share of walk-aways that the seller reverses within 90 days, before the buyer moves."""
    measure = f"reversed_{SURE_BY}"
    rows = walks[walks["is_observed"].astype(bool)]
    size = {"n": len(rows), "sellers": rows["seller_id"].nunique()}
    followed = rows["followup_days"].to_numpy(dtype=np.int64)
    if len(rows) < LEAST_ROWS:
        why = "too_few" if len(rows) or len(walks) < LEAST_ROWS else "not_recorded"
        return [_row(measure, scope, name, np.nan, **size, verdict=why)]
    if not _is_known(followed, SURE_BY, scope):
        return [_row(measure, scope, name, np.nan, **size, verdict="not_over")]
    clusters = _clusters(rows)
    counts = _counts(clusters, rules)
    cause = pd.Categorical(rows["came"], categories=MOVES).codes.astype(np.int64)
    days = rows["days"].to_numpy(dtype=np.int64)
    drawn = incidence(days, cause, len(MOVES), clusters, counts)
    shares = drawn[:, SURE_BY - 1, : len(REVERSED)].sum(axis=-1)
    ends = limits(shares, len(rows), counts.shape[1])
    return [_row(measure, scope, name, float(shares[0]), ends, **size)]


def _trends(waits: pd.DataFrame, walks: pd.DataFrame, rules: Rules) -> list[dict[str, object]]:
    """By how much the share decided in 30 days, and the shares left on record, change in a year."""
    known = waits[waits["followup_days"] >= FAST_BY]
    by_then = _is_decided(known) & (known["days"].to_numpy() <= FAST_BY)
    asked = {f"decided_{FAST_BY}": (known, by_then, known["signal_day"])}
    for what in LEFT:
        rows = walks[walks[f"has_{what}"].notna()]
        asked[f"{what}_share"] = (rows, rows[f"has_{what}"].to_numpy(dtype=np.bool_), rows["act_day"])
    found = []
    for measure, (rows, event, day) in asked.items():
        size = {"n": len(rows), "sellers": rows["seller_id"].nunique()}
        if rows["month"].nunique() < LEAST_MONTHS or size["sellers"] < LEAST_SELLERS:
            found.append(_row(f"{measure}_a_year", "company", "", np.nan, **size, verdict="too_few"))
            continue
        clusters = _clusters(rows)
        counts = _counts(clusters, rules)
        t = (day.to_numpy(dtype=np.float64) - float(day.mean())) / YEAR_DAYS
        y = event.astype(np.float64)
        n, st, stt, sy, sty = (
            counts @ np.bincount(clusters, weights=values)
            for values in (np.ones(len(t)), t, t * t, y, t * y)
        )
        slopes = (n * sty - st * sy) / (n * stt - st * st)
        many = counts.shape[1]
        error = float(slopes[1:].std(ddof=1)) * np.sqrt(many / (many - 1))
        reach = float(student.ppf(0.975, many - 1)) * error
        slope = float(slopes[0])
        ends = (slope - reach, slope + reach)
        found.append(_row(f"{measure}_a_year", "company", "", slope, ends, **size))
    return found


def _spreads(
    waits: pd.DataFrame,
    walks: pd.DataFrame,
    expected: Expected | None,
    teams: Teams,
    rules: Rules,
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Ratios of observed over expected by team and seller, and the tests of their spread."""
    ratios: list[dict[str, object]] = []
    tests: list[dict[str, object]] = []
    asked = {}
    if expected is not None:
        asked["decided"] = (waits, expected.counts(FAST_BY))
    for what in LEFT[1:]:
        rows = walks[walks[f"has_{what}"].notna()]
        event = rows[f"has_{what}"].to_numpy(dtype=np.bool_)
        if event.any():
            asked[what] = (rows, expected_shares(rows, event))
    for measure, (rows, counts) in asked.items():
        told = teams.of_rows(rows)
        sellers = codes(rows["seller_id"].astype(str))
        known = told.notna().to_numpy()
        for unit, labels, clusters in (
            ("team", told[known], sellers[known]),
            ("seller", rows["seller_id"][known], np.arange(len(rows))[known]),
        ):
            found = spread(labels, counts[known], clusters, rules.draws, rules.seed)
            tests.append({"measure": measure, "unit": unit, **found.test})
            if unit == "team" or rules.name_sellers:
                ratios += _ratios(measure, unit, rows, labels, found.groups)
    units = ("team", "seller")
    return ratios, [
        row for unit in units for row in with_holm([each for each in tests if each["unit"] == unit])
    ]


def _ratios(
    measure: str, unit: str, rows: pd.DataFrame, labels: pd.Series, groups: pd.DataFrame
) -> list[dict[str, object]]:
    """Each group's ratio as it is, and drawn towards all."""
    size = rows.loc[labels.index].groupby(labels)["seller_id"].agg(["size", "nunique"])
    called = {} if unit == "team" else dict(zip(rows["seller_id"], rows["seller"], strict=True))
    found = []
    for row in groups.to_dict("records"):
        label = row["name"]
        scope, name = unit, called.get(label, label)
        if label == POOLED:
            scope, name = "small_teams", ""
        many = {"n": int(size.at[label, "size"]), "sellers": int(size.at[label, "nunique"])}
        value, low, high = (float(np.exp(row[which])) for which in ("estimate", "low", "high"))
        found.append(_row(f"{measure}_ratio", scope, name, value, (low, high), **many))
        # Its interval would take the spread as known, and so be no width where that is nothing.
        drawn = float(np.exp(row["shrunk_estimate"]))
        if np.isfinite(drawn):
            found.append(_row(f"{measure}_shrunk_ratio", scope, name, drawn, **many))
    return found


def _curves(
    waits: pd.DataFrame, expected: Expected, teams: Teams, rules: Rules
) -> list[dict[str, object]]:
    """Of each team what was decided by some days, what its deals lead to expect, and by chance."""
    told = teams.of_rows(waits)
    found = []
    for team in teams.shown:
        is_in = (told == team).to_numpy(dtype=np.bool_)
        rows = waits[is_in]
        if len(rows) < LEAST_ROWS or rows["seller_id"].nunique() < LEAST_SELLERS:
            continue
        followed = rows["followup_days"].to_numpy(dtype=np.int64)
        clusters = _clusters(rows)
        cause = pd.Categorical(rows["ending"], categories=ENDINGS).codes.astype(np.int64)
        days = rows["days"].to_numpy(dtype=np.int64)
        drawn = incidence(days, cause, len(ENDINGS), clusters, _counts(clusters, rules))
        decided = drawn[:, np.array(EDGES) - 1, : len(DECIDED)].sum(axis=-1)
        alike = expected.curve(is_in)
        # Draws moved to where the team would be if it were as all are.
        moved = np.clip(decided - decided[0] + alike, 1e-6, 1 - 1e-6)
        bands = limits(moved, len(rows), int(clusters.max()) + 1)
        scope, name = ("small_teams", "") if team == POOLED else ("team", team)
        for place, day in enumerate(EDGES):
            if _is_known(followed, day, scope):
                row = {"scope": scope, "name": name, "day": day, "decided": decided[0, place]}
                low, high = bands[place]
                found.append({**row, "expected": alike[place], "low": low, "high": high})
    return found
