"""Marts on practice as a night makes them, small, with a hostile name among the teams."""

from typing import Any

import numpy as np
import pandas as pd

HOSTILE = "<script>alert(1)</script>"
SHARES = {
    **{"decided_30": 0.345, "decided_60": 0.496, "decided_90": 0.619},
    **{"let_go_90": 0.267, "buyer_90": 0.268, "unsaid_90": 0.084, "swept_90": 0.005},
    **{"reason_share": 0.858, "misfit_share": 0.632, "return_date_share": 0.187},
    "reversed_90": 0.021,
}


def row(measure: str, scope: str, name: str, value: float, **more: Any) -> dict[str, Any]:
    """A row of marts.practice; its interval is three points wide unless given."""
    told = {"measure": measure, "scope": scope, "name": name, "value": value}
    told |= {"low": value - 0.03, "high": value + 0.03, "n": 820, "sellers": 24, "verdict": "ok"}
    return told | more


def scope(kind: str, name: str = "", **more: Any) -> list[dict[str, Any]]:
    """All measures of one scope."""
    rows = [row(measure, kind, name, value) | more for measure, value in SHARES.items()]
    return [*rows, row("median_days", kind, name, 62.0, low=51.0, high=72.0) | more]


def frames(differs: str = "yes") -> dict[str, pd.DataFrame]:
    """The three marts of a company with two teams and one that is too small to show."""
    teams = (HOSTILE, "West")
    rows = scope("company")
    rows.append(row("decided_30_a_year", "company", "", -0.031, low=-0.082, high=0.02))
    for place, team in enumerate(teams):
        rows += scope("team", team)
        rows.append(row("decided_ratio", "team", team, 1.39 - 0.5 * place))
        rows.append(row("decided_shrunk_ratio", "team", team, 1.24 - 0.4 * place, low=np.nan))
    rows.append(row("team", "team", "Seoul", np.nan, n=0, sellers=0, verdict="would_name"))
    for month in range(8, 13):
        rows += scope("month", f"2025-{month:02d}")
    rows += scope("month", "2026-01", value=np.nan, low=np.nan, high=np.nan, verdict="not_over")
    curves = [
        {**{"scope": "team", "name": team, "day": day, "decided": day / 100}}
        | {"expected": day / 110, "low": day / 130, "high": day / 95}
        for team in teams
        for day in (7, 30, 90)
    ]
    spreads = [
        {"measure": measure, "unit": unit, "levels": 3, "levels_said": 2, "spread": 0.18}
        | {"low": 0.05, "high": 0.6, "p": 0.0001, "p_holm": 0.0003}
        | {"differs": differs, "verdict": "ok"}
        for measure in ("decided", "misfit", "return_date")
        for unit in ("team", "seller")
    ]
    return {
        "practice": pd.DataFrame(rows),
        "practice_curves": pd.DataFrame(curves),
        "practice_spread": pd.DataFrame(spreads),
    }
