"""Which model did best on deals that began after it was trained, and which one is published."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from models import evaluation, resampling
from models.hazards import HazardModel
from models.incidence import ENDINGS, Floats, Ints, cumulative
from models.landmarks import Material, at_days
from models.recalibration import Correction, corrected
from models.resampling import CURVE_COLUMNS, Deals

HORIZONS = (30, 60, 90, 180)
DECIDED_AT = 90
YARDSTICK = "aalen_johansen"
# Models that may be published besides Aalen-Johansen by stage; the last must beat the others.
BASELINES = ("logit", "silence_rule")
CONTENDER = "boosting"
CRM = "crm_probability"
STALL_RULES = "stalled_"
WHOLE = ("all", "reason_given")
# Days over which squared error is averaged, besides the horizon itself.
GRID = (7, 14, 28, 56, 91, 140)
AGES = ((0, 29), (30, 89), (90, 179), (180, None))
# Parts of the test with fewer deals are not judged apart; of more deals so many are drawn.
LEAST_DEALS, MOST_DEALS, MOST_PARTS = 20, 20_000, 12
EVALUATION_COLUMNS = [
    "metric",
    "model",
    "cause",
    "horizon_days",
    "slice",
    "value",
    "low",
    "high",
    "n",
    "events",
    "is_thin",
]
CALIBRATION_COLUMNS = [
    *("model", "cause", "horizon_days", "bin", "predicted", "observed", "low", "high", "n"),
]
DECISION_COLUMNS = ["cause", "horizon_days", *CURVE_COLUMNS]
FORETOLD_COLUMNS = ["deal_id", "snapshot_day", "horizon_days"]


def _empty(columns: list[str]) -> pd.DataFrame:
    texts = {"metric", "model", "cause", "slice", "deal_id"}
    return pd.DataFrame(
        {name: pd.Series(dtype="str" if name in texts else "float64") for name in columns}
    )


@dataclass(frozen=True)
class Judged:
    """What the test said.

    `scores` and `calibration` as marts.model_evaluation and marts.calibration, `curve` as
    marts.decision_curve; `foretold` has the test's landmarks with each model's P(no decision) at
    each horizon; `floored` is the share of weights at the floor by horizon.
    """

    scores: pd.DataFrame = field(default_factory=lambda: _empty(EVALUATION_COLUMNS))
    calibration: pd.DataFrame = field(default_factory=lambda: _empty(CALIBRATION_COLUMNS))
    curve: pd.DataFrame = field(default_factory=lambda: _empty(DECISION_COLUMNS))
    foretold: pd.DataFrame = field(default_factory=lambda: _empty(FORETOLD_COLUMNS))
    floored: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class _Test:
    """The test rows with what each model foretold, and what all scores of a horizon share."""

    rows: Material
    incidences: Mapping[str, Floats]
    deal: Ints
    deals: Deals
    slices: Mapping[str, npt.NDArray[np.bool_]]

    def weights(self, horizon: int) -> tuple[Floats, float]:
        return evaluation.weights(self.rows.known.time, self.rows.known.cause, horizon)

    def cases(self, cause: int, horizon: int) -> npt.NDArray[np.bool_]:
        known = self.rows.known
        found: npt.NDArray[np.bool_] = (known.cause == cause) & (known.time <= horizon)
        return found

    def predicted(self, cause: int, horizon: int) -> dict[str, Floats]:
        """What each model gives an ending by a horizon; the CRM speaks of winning only."""
        found = {m: at_days(f, horizon)[:, cause] for m, f in self.incidences.items()}
        said = self.rows.rows.get(CRM)
        if ENDINGS[cause] == "won" and said is not None and said.notna().any():
            found[CRM] = said.fillna(0.0).to_numpy(dtype=np.float64)
        return found

    def integrated(self, cause: int, horizon: int) -> dict[str, Floats]:
        """Each model's weighted squared error of each row, averaged over days to the horizon."""
        days = [0, *(day for day in GRID if day < horizon), horizon]
        total = {model: np.zeros(len(self.deal)) for model in self.incidences}
        for place, day in enumerate(days[1:], start=1):
            after = days[min(place + 1, len(days) - 1)]
            share = (after - days[place - 1]) / 2 / horizon
            w, _ = self.weights(day)
            case = self.cases(cause, day)
            for model, incidence in self.incidences.items():
                p = at_days(incidence, day)[:, cause]
                total[model] += share * w * (case - p) ** 2
        return total


def evaluate(
    models: Mapping[str, HazardModel],
    corrections: Mapping[str, Mapping[int, Correction]],
    test: Material,
    deals: pd.DataFrame,
    seed: int,
) -> Judged:
    """Scores, calibration and decision curves of every model on the test rows.

    `test.rows` may carry team; `deals` has deal_id and rule. Rows of very many deals are thinned
    to those of 20,000.
    """
    known = _test(models, corrections, _at_most(test, seed), deals, seed)
    scores: list[dict[str, object]] = []
    curves: list[dict[str, object]] = []
    tables, foretold, floored = [], [], {}
    for horizon in HORIZONS:
        if int(known.rows.known.follow.max(initial=0)) < horizon:
            continue
        w, floored[str(horizon)] = known.weights(horizon)
        for cause, name in enumerate(ENDINGS):
            case, predicted = known.cases(cause, horizon), known.predicted(cause, horizon)
            where = {"cause": name, "horizon_days": horizon}
            integrated = known.integrated(cause, horizon)
            for part, inside in known.slices.items():
                found = resampling.scores(
                    {m: p[inside] for m, p in predicted.items()},
                    evaluation.Seen(case[inside], w[inside], known.deal[inside]),
                    YARDSTICK,
                    known.deals,
                    integrated={m: error[inside] for m, error in integrated.items()},
                    is_paired=part in WHOLE,
                )
                scores += [{**row, **where, "slice": part} for row in found]
            seen = evaluation.Seen(case, w, known.deal)
            for m, p in predicted.items():
                table = resampling.calibration(p, seen, known.deals)
                tables.append(table.assign(model=m, cause=name, horizon_days=horizon))
            if name in ("no_decision", "won"):
                found = resampling.decision_curve(predicted, seen, known.deals)
                curves += [{**row, **where} for row in found]
            if name == "no_decision":
                frame = known.rows.rows[["deal_id", "snapshot_day"]].reset_index(drop=True)
                told = pd.DataFrame(predicted).assign(horizon_days=horizon)
                foretold.append(pd.concat([frame, told], axis=1))
    if not scores:
        return Judged()
    return Judged(
        pd.DataFrame(scores, columns=EVALUATION_COLUMNS),
        pd.concat(tables, ignore_index=True)[CALIBRATION_COLUMNS],
        pd.DataFrame(curves, columns=DECISION_COLUMNS),
        pd.concat(foretold, ignore_index=True),
        floored,
    )


def _at_most(test: Material, seed: int) -> Material:
    names = np.unique(test.rows["deal_id"].to_numpy(dtype=str))
    if len(names) <= MOST_DEALS:
        return test
    kept = np.random.default_rng(seed).choice(names, MOST_DEALS, replace=False)
    return test.take(test.rows["deal_id"].isin(set(kept)).to_numpy(dtype=bool))


def _test(
    models: Mapping[str, HazardModel],
    corrections: Mapping[str, Mapping[int, Correction]],
    test: Material,
    deals: pd.DataFrame,
    seed: int,
) -> _Test:
    rules = deals.set_index("deal_id")["rule"].fillna("")
    by_rule = test.rows["deal_id"].map(rules).str.startswith(STALL_RULES).to_numpy(dtype=bool)
    names, deal = np.unique(test.rows["deal_id"].to_numpy(dtype=str), return_inverse=True)
    slices = {"all": np.ones(len(test.rows), dtype=bool), "reason_given": ~by_rule}
    for part, inside in _parts(test.rows):
        if len(np.unique(deal[inside])) >= LEAST_DEALS and not inside.all():
            slices[part] = inside
    incidences = {
        name: cumulative(corrected(model.hazards(test.rows), corrections.get(name, {})))
        for name, model in models.items()
    }
    return _Test(test, incidences, deal, Deals.of(len(names), seed), slices)


def _parts(rows: pd.DataFrame) -> Iterator[tuple[str, npt.NDArray[np.bool_]]]:
    """Parts of the test by age at the landmark, by pipeline and by seller team, as `kind:name`."""
    age = rows["age_days"].to_numpy(dtype=np.float64)
    for low, high in AGES:
        until = np.inf if high is None else high + 1
        yield f"age:{low}-{'' if high is None else high}", (age >= low) & (age < until)
    for kind in ("pipeline", "team"):
        if kind in rows:
            sizes = rows.groupby(kind)["deal_id"].nunique()
            ordered = sizes.sort_index().sort_values(ascending=False, kind="stable")
            for name in ordered.index[:MOST_PARTS]:
                yield f"{kind}:{name}", rows[kind].eq(name).fillna(False).to_numpy(dtype=bool)


def skill(
    scores: pd.DataFrame,
    model: str,
    horizon: int,
    column: str = "value",
    over: str = YARDSTICK,
    cause: str = "no_decision",
) -> float:
    """The Brier skill of a model for an ending over another model; NaN if unknown.

    `column` may be low or high.
    """
    found = scores[
        (scores["metric"] == ("brier_skill" if over == YARDSTICK else f"skill_over_{over}"))
        & (scores["model"] == model)
        & (scores["cause"] == cause)
        & (scores["horizon_days"] == horizon)
        & (scores["slice"] == "all")
    ]
    return float(found[column].iloc[0]) if len(found) else float("nan")


def choice(scores: pd.DataFrame) -> tuple[str, str, int]:
    """Which model is published, why, and at which horizon that was decided.

    The boosted model must remove squared error beside every baseline with its whole paired
    interval, and beside the CRM's own probability, which speaks of winning, where that can be
    judged; else the best of the simpler models that do so beside Aalen-Johansen; else that.
    """
    judged = scores[(scores["cause"] == "no_decision") & (scores["metric"] == "brier_skill")]
    enough = judged[~judged["is_thin"].astype(bool) & (judged["horizon_days"] <= DECIDED_AT)]
    if enough.empty:
        return YARDSTICK, "too_few_events_to_judge", 0
    horizon = int(enough["horizon_days"].max())
    able = [b for b in BASELINES if skill(scores, b, horizon, "low") > 0]
    best = max(able, key=lambda name: skill(scores, name, horizon), default=YARDSTICK)
    measured = set(judged["model"]) & set(BASELINES)
    rivals = (YARDSTICK, *(b for b in BASELINES if b in measured))
    if not all(skill(scores, CONTENDER, horizon, "low", over=rival) > 0 for rival in rivals):
        return best, f"not_better_than_{best}", horizon
    wins = scores[(scores["cause"] == "won") & ~scores["is_thin"].astype(bool)]
    # NaN, where there is no such probability or too few wins, refuses nothing.
    if skill(wins, CONTENDER, horizon, "low", over=CRM, cause="won") <= 0:
        return best, f"not_better_than_{CRM}", horizon
    return CONTENDER, "beats_baselines", horizon
