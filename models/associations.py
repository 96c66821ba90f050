"""What goes with an ending week by week: ratios of hazards beside what else is known of the deal.

Rows are deals in the weeks that they are open; an exposure is what was so when the week began, so
that it comes before whatever happens in it. Pooled logistic regression of the ending within the
week (D'Agostino and others, Statistics in Medicine 9, 1990): where a week's chance is small, its
odds ratio is the ratio of hazards. Errors are by seller: what leaving each out moves, by one Newton
step (CR3: Bell and McCaffrey, Survey Methodology 28, 2002), with t(G - 1). The plain sandwich
forgets that each seller's rows have drawn the fit towards them: of ten sellers whose exposures did
nothing, beside 25 covariates, 12.7 % of its intervals left 1 out, and 6.7 % of these. An
association is no effect: sellers act on what they see.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import t as student

from models.covariates import matrix
from models.incidence import ENDINGS
from models.landmarks import labels
from models.propensity import RIDGE, Codes, Flags, Floats, codes

WEEK_DAYS = 7
# Everything that is adjusted for, of features.snapshots, unless it is itself asked about.
SKEWED = ("age_days", "days_in_stage", "silence_days", "amount", "replies_13w")
PLAIN = ("stage_order", "pushes", "contacts", "seller_no_decision_rate")
LEVELS = ("stage", "lead_source", "source")
# The penalty is on standardised covariates; an exposure so much wider all but escapes it.
WIDE = 1e3
LEAST_SELLERS, LEAST_EVENTS = 10, 20
COLUMNS = [
    *("exposure", "ending", "ratio", "low", "high", "p"),
    *("deals", "weeks", "exposed_share", "sellers", "events", "exposed_events", "verdict"),
]


def open_weeks(
    snapshots: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, as_of_day: int
) -> pd.DataFrame:
    """Rows of features.snapshots whose week ahead is known, with `ends`: how it ended, else ''.

    A deal that has stalled is no longer at risk. `deals` and `stalls` as models.stall.fit reads
    them; endings are those of models.incidence.ENDINGS.
    """
    rows = snapshots[~snapshots["is_stalled"].fillna(False).astype(bool)].reset_index(drop=True)
    known = labels(rows, deals, stalls, as_of_day)
    is_ended = (known.cause >= 0) & (known.time <= WEEK_DAYS)
    is_at_risk = (known.time > 0) & (is_ended | (known.follow >= WEEK_DAYS))
    names = np.array([*ENDINGS, ""], dtype="object")
    rows["ends"] = pd.Series(names[np.where(is_ended, known.cause, -1)], dtype="str")
    return rows[is_at_risk].reset_index(drop=True)


def adjusted_for(
    weeks: pd.DataFrame,
    leave_out: Sequence[str] = (),
    more: Sequence[str] = (),
    apart: Sequence[str] = (),
) -> Floats:
    """The covariates (n, p) of open weeks, without those of `leave_out` or absent from them.

    `more` are further numbers to adjust for, `apart` further columns whose levels are told apart.
    """
    there = set(weeks.columns) - set(leave_out)
    told = ((*SKEWED, *more), PLAIN, (*LEVELS, *apart))
    chosen = [[name for name in names if name in there] for names in told]
    return matrix(weeks, skewed=chosen[0], plain=chosen[1], levels=chosen[2])[0]


@dataclass(frozen=True, eq=False)
class Pooled:
    """A pooled regression of an event: what it found, and how much each cluster moved it.

    `coefficients` (1 + k + p,) are log-odds, or logs of a rate, of the constant, of k exposures as
    they are given, and of p covariates; `influence` (G, 1 + k + p) is how far each cluster moves
    them, against a fit without it, times (G - 1) / G: the covariance is its cross product times
    G / (G - 1).
    """

    coefficients: Floats
    influence: Floats

    @classmethod
    def fitted(
        cls,
        asked: Floats,
        adjust: Floats,
        event: Flags,
        clusters: Codes,
        weeks: Floats | None = None,
    ) -> "Pooled":
        """`event` (n,) on exposures (n, k) and covariates (n, p), with errors by `clusters` (n,).

        Logistic; with the `weeks` (n,) in which a row could have it, the rate a week (piecewise
        exponential: Holford, Biometrics 36, 1980). Covariates have a mild penalty, exposures all
        but none. The event has to occur and not to occur, and every exposure to vary.
        """
        from sklearn.linear_model import LogisticRegression, PoissonRegressor

        scale = WIDE / asked.std(axis=0)
        columns = np.column_stack(
            [np.ones(len(event)), (asked - asked.mean(axis=0)) * scale, adjust]
        )
        if weeks is None:
            model = LogisticRegression(C=1 / RIDGE, solver="newton-cholesky", max_iter=100)
            model.fit(columns[:, 1:], event)
            chance = model.predict_proba(columns[:, 1:])[:, 1]
            spread = chance * (1 - chance)
        else:
            model = PoissonRegressor(
                alpha=RIDGE / weeks.sum(), solver="newton-cholesky", max_iter=100, tol=1e-6
            )
            model.fit(columns[:, 1:], event / weeks, sample_weight=weeks)
            spread = chance = weeks * model.predict(columns[:, 1:])
        found = np.concatenate([np.atleast_1d(model.intercept_), np.ravel(model.coef_)])
        curvature = columns.T @ (columns * spread[:, None])
        curvature[np.diag_indices(len(curvature))] += [1e-9, *([RIDGE] * (columns.shape[1] - 1))]
        moved = _left_out(columns, event - chance, spread, curvature, clusters)
        here = slice(1, 1 + asked.shape[1])
        for told in (found, moved):
            told[..., here] *= scale
            told[..., 0] -= told[..., here] @ asked.mean(axis=0)
        return cls(found, moved)


def _left_out(
    columns: Floats, residual: Floats, spread: Floats, curvature: Floats, clusters: Codes
) -> Floats:
    """How far each cluster moves the coefficients, against one Newton step without it. (G, p)"""
    order = np.argsort(clusters, kind="stable")
    parts = np.split(order, np.flatnonzero(np.diff(clusters[order])) + 1)
    moved = np.empty((len(parts), columns.shape[1]))
    for place, part in enumerate(parts):
        own = columns[part]
        left = curvature - own.T @ (own * spread[part, None])
        moved[place] = np.linalg.solve(left, own.T @ residual[part])
    found: Floats = moved * ((len(parts) - 1) / len(parts))
    return found


@dataclass(frozen=True, eq=False)
class Association:
    """Log hazard ratios (k,) of exposures, their covariance (k, k), and who they are of."""

    names: tuple[str, ...]
    coefficients: Floats
    covariance: Floats
    sellers: int
    events: int

    @classmethod
    def fitted(
        cls,
        exposures: Mapping[str, Floats],
        adjust: Floats,
        event: Flags,
        clusters: Codes,
        weeks: Floats | None = None,
    ) -> "Association":
        """All exposures (n,) at once beside `adjust` (n, p), for `event` (n,) by `clusters` (n,).

        Rows are weeks, or stretches of so many `weeks` (n,) as the event could come in. Raises
        ValueError where no row, or every row, has the event, or an exposure does not vary.
        """
        if event.all() or not event.any():
            raise ValueError(f"{int(event.sum())} of {len(event)} rows have the event: no model")
        names = tuple(exposures)
        asked = np.column_stack([np.asarray(exposures[name], dtype=np.float64) for name in names])
        for name, width in zip(names, asked.std(axis=0), strict=True):
            if not width > 0:
                raise ValueError(f"exposure {name} is the same in all {len(event)} rows")
        found = Pooled.fitted(asked, adjust, event, clusters, weeks)
        many = len(found.influence)
        here = slice(1, 1 + len(names))
        moved = found.influence[:, here]
        return cls(
            names,
            found.coefficients[here],
            moved.T @ moved * (many / max(many - 1, 1)),
            many,
            int(event.sum()),
        )

    def ratio(self, combination: Mapping[str, float]) -> tuple[float, float, float, float]:
        """Hazard ratio of a combination of exposures against none, its 95 % interval, and its p."""
        by = np.array([combination.get(name, 0.0) for name in self.names])
        log = float(by @ self.coefficients)
        error = float(np.sqrt(by @ self.covariance @ by))
        dof = max(self.sellers - 1, 1)
        reach = float(student.ppf(0.975, dof)) * error
        p = float(2 * student.sf(abs(log) / max(error, 1e-12), dof))
        return float(np.exp(log)), float(np.exp(log - reach)), float(np.exp(log + reach)), p


def ratios(
    weeks: pd.DataFrame,
    exposures: Mapping[str, Floats],
    endings: Mapping[str, Sequence[str]],
    *,
    leave_out: Sequence[str] = (),
    more: Sequence[str] = (),
    apart: Sequence[str] = (),
) -> pd.DataFrame:
    """One row an exposure and ending: the hazard ratio of all exposures together, as COLUMNS.

    `weeks` as `open_weeks` gives them; `endings` names groups of endings ("decided": won and lost).
    `leave_out` are covariates that the exposures stand for, `more` and `apart` further ones as
    `adjusted_for` has them. A row is "too_few", without numbers,
    below 10 sellers or 20 events with or without the exposure (its being above 0); "constant"
    where the exposure does not vary.
    """
    sellers = codes(weeks["seller_id"].astype("object").fillna("").astype(str))
    adjust = adjusted_for(weeks, leave_out, more, apart)
    found: list[dict[str, object]] = []
    for ending, causes in endings.items():
        event = weeks["ends"].isin(list(causes)).to_numpy(dtype=bool)
        rows = {name: _counts(weeks, values, event, sellers) for name, values in exposures.items()}
        able = {name: exposures[name] for name, row in rows.items() if row["verdict"] == "ok"}
        if able:
            fitted = Association.fitted(able, adjust, event, sellers)
            for name in able:
                told = zip(("ratio", "low", "high", "p"), fitted.ratio({name: 1.0}), strict=True)
                rows[name].update(told)
        found += [{"exposure": name, "ending": ending, **row} for name, row in rows.items()]
    frame = pd.DataFrame(found, columns=COLUMNS)
    texts, counts = ["exposure", "ending", "verdict"], ["deals", "weeks", "sellers", "events"]
    kinds: dict[str, str] = {
        **dict.fromkeys(COLUMNS, "float64"),
        **dict.fromkeys(texts, "str"),
        **dict.fromkeys([*counts, "exposed_events"], "int64"),
    }
    return frame.astype(kinds)


def _counts(weeks: pd.DataFrame, values: Floats, event: Flags, sellers: Codes) -> dict[str, object]:
    is_exposed = np.asarray(values) > 0
    events, exposed = int(event.sum()), int(event[is_exposed].sum())
    many = len(np.unique(sellers))
    few = many < LEAST_SELLERS or min(exposed, events - exposed) < LEAST_EVENTS
    is_constant = not len(values) or float(np.ptp(values)) == 0
    return {
        "ratio": np.nan,
        "low": np.nan,
        "high": np.nan,
        "p": np.nan,
        "deals": weeks["deal_id"].nunique(),
        "weeks": len(weeks),
        "exposed_share": float(is_exposed.mean()) if len(values) else np.nan,
        "sellers": many,
        "events": events,
        "exposed_events": exposed,
        "verdict": "constant" if is_constant else "too_few" if few else "ok",
    }


def directions(found: pd.DataFrame) -> pd.Series:
    """Which way each 95 % interval lies from 1: "more", "less", "level"; '' where there is none."""
    low, high = (found[end].to_numpy(dtype=np.float64) for end in ("low", "high"))
    told = np.select(
        [np.isnan(low) | np.isnan(high), low > 1, high < 1], ["", "more", "less"], "level"
    )
    return pd.Series(told, found.index, dtype="str")
