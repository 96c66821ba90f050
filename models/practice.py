"""Whether a company's way of letting go is fast, clear, sure and repeatable.

How long a deal waits is known to its end only for those that have ended: shares by a day are
Aalen-Johansen's, deals not yet decided being censored, and a median is read off that curve. A deal
swept in a clean-up was never decided, so that is an ending of its own. Intervals are by draws of
sellers; of a group with fewer than three sellers, of its deals.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.clustered import LEAST_SELLERS, limits
from models.heterogeneity import with_holm
from models.practice_measures import (
    DECIDED,
    FAST_BY,
    LEAST_ROWS,
    LEFT,
    Row,
    Rules,
    Scope,
    clear,
    decided,
    ending_draws,
    fast,
    sure,
    trends,
)
from models.propensity import codes
from models.spread import EDGES, Expected, expected_decisions, expected_shares, spread
from models.teams import Teams

MONTHS_SHOWN = 24
UNITS = ("team", "seller")
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


@dataclass(frozen=True, eq=False)
class Practice:
    """`measures`: a row a measure and scope; `curves` of teams; `spreads`: do groups differ?"""

    measures: pd.DataFrame
    curves: pd.DataFrame
    spreads: pd.DataFrame


def practice(waits: pd.DataFrame, walks: pd.DataFrame, rules: Rules) -> Practice:
    """All four questions of features.decision_times and features.walks_held.

    Where sellers may be named, both have a column `seller` with what to call them. A deal without
    a seller, or whose signal is of today, says nothing.
    """
    is_told = waits["seller_id"].notna() & (waits["ending"].notna() | (waits["days"] > 0))
    waits = waits[is_told].sort_values("deal_id", kind="stable", ignore_index=True)
    walks = walks[walks["seller_id"].notna()]
    walks = walks.sort_values(["deal_id", "act_day"], kind="stable", ignore_index=True)
    teams = Teams.of(waits, walks, name_sellers=rules.name_sellers)
    rows = _all(Scope("company"), waits, walks, rules) + trends(waits, walks, rules)
    for team in teams.shown:
        mine = waits[teams.of_rows(waits) == team], walks[teams.of_rows(walks) == team]
        rows += _all(Scope.team(team), *mine, rules)
    for team, why in sorted(teams.hidden.items()):
        rows.append(Scope("team", team).row("team", waits.head(0), verdict=why))
    for month in sorted({*waits["month"], *walks["month"]})[-MONTHS_SHOWN:]:
        scope = Scope("month", f"{month // 12:04d}-{month % 12 + 1:02d}")
        rows += _all(scope, *_where("month", month, waits, walks), rules)
    if rules.name_sellers:
        for seller in sorted({*waits["seller"], *walks["seller"]}):
            mine = _where("seller", seller, waits, walks)
            rows += _all(Scope("seller", seller), *mine, rules)
    expected = expected_decisions(waits, decided(waits)) if len(waits) else None
    ratios, tests = _spreads(waits, walks, expected, teams, rules)
    curves = [] if expected is None else _curves(waits, expected, teams, rules)
    return Practice(
        _typed(rows + ratios, TYPES), _typed(curves, CURVE_TYPES), _typed(tests, TEST_TYPES)
    )


def _typed(rows: Iterable[Mapping[str, object]], types: Mapping[str, str]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(types)).astype(dict(types))


def _where(
    column: str, value: object, waits: pd.DataFrame, walks: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    return waits[waits[column] == value], walks[walks[column] == value]


def _all(scope: Scope, waits: pd.DataFrame, walks: pd.DataFrame, rules: Rules) -> list[Row]:
    return [*fast(scope, waits, rules), *clear(scope, walks, rules), *sure(scope, walks, rules)]


def _spreads(
    waits: pd.DataFrame,
    walks: pd.DataFrame,
    expected: Expected | None,
    teams: Teams,
    rules: Rules,
) -> tuple[list[Row], list[Row]]:
    """Ratios of observed over expected by team and seller, and the tests of their spread."""
    ratios: list[Row] = []
    tests: dict[str, list[Row]] = {unit: [] for unit in UNITS}
    asked = {} if expected is None else {"decided": (waits, expected.counts(FAST_BY))}
    for what in LEFT[1:]:
        rows = walks[walks[f"has_{what}"].notna()]
        event = rows[f"has_{what}"].to_numpy(dtype=np.bool_)
        if event.any():
            asked[what] = (rows, expected_shares(rows, event))
    for measure, (rows, counts) in asked.items():
        told, everyone = teams.of_rows(rows), np.ones(len(rows), dtype=np.bool_)
        sellers = codes(rows["seller_id"].astype(str))
        of_team = (told.notna().to_numpy(), told, sellers)
        of_seller = (everyone, rows["seller_id"], np.arange(len(rows), dtype=np.intp))
        for unit, (known, labels, clusters) in zip(UNITS, (of_team, of_seller), strict=True):
            found = spread(labels[known], counts[known], clusters[known])
            tests[unit].append({"measure": measure, "unit": unit, **found.test})
            if unit == "team" or rules.name_sellers:
                ratios += _ratios(measure, unit, rows, labels, found.groups)
    return ratios, [row for unit in UNITS for row in with_holm(tests[unit])]


def _ratios(
    measure: str, unit: str, rows: pd.DataFrame, labels: pd.Series, groups: pd.DataFrame
) -> list[Row]:
    """Each group's ratio as it is, and drawn towards all."""
    named = {} if unit == "team" else dict(zip(rows["seller_id"], rows["seller"], strict=True))
    found = []
    for row in groups.to_dict("records"):
        label = str(row["name"])
        scope = Scope.team(label) if unit == "team" else Scope("seller", named[label])
        mine = rows[labels == label]
        told = [np.exp(row[which]) for which in ("estimate", "low", "high")]
        found.append(scope.row(f"{measure}_ratio", mine, told))
        if np.isfinite(row["shrunk_estimate"]):
            # Its interval would take the spread as known: no width at all where that is nothing.
            drawn = (float(np.exp(row["shrunk_estimate"])), np.nan, np.nan)
            found.append(scope.row(f"{measure}_shrunk_ratio", mine, drawn))
    return found


def _curves(waits: pd.DataFrame, expected: Expected, teams: Teams, rules: Rules) -> list[Row]:
    """Of each team what was decided by some days, and where chance alone would put it."""
    shown_as = teams.of_rows(waits)
    found = []
    for team in teams.shown:
        is_in = (shown_as == team).to_numpy(dtype=np.bool_)
        rows, scope = waits[is_in], Scope.team(team)
        if len(rows) < LEAST_ROWS or rows["seller_id"].nunique() < LEAST_SELLERS:
            continue
        drawn, many = ending_draws(rows, rules)
        shares = drawn[:, np.array(EDGES) - 1, : len(DECIDED)].sum(axis=-1)
        alike = expected.curve(is_in)
        # Draws moved to where the team would be if it were as all are; all bands hold together.
        moved = np.clip(shares - shares[0] + alike, 1e-6, 1 - 1e-6)
        bands = limits(moved, len(rows), many, 0.05 / len(teams.shown))
        followed = rows["followup_days"].to_numpy(dtype=np.int64)
        for place, day in enumerate(EDGES):
            if scope.is_known(followed, day):
                told = {"decided": shares[0, place], "expected": alike[place]}
                told |= {"low": bands[place, 0], "high": bands[place, 1]}
                found.append({"scope": scope.kind, "name": scope.name, "day": day, **told})
    return found
