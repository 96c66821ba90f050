"""Which model did best on deals that began after it was trained, and which one is published."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models import evaluation
from models.hazards import HazardModel
from models.incidence import ENDINGS, cumulative
from models.landmarks import Material, at_days
from models.recalibration import Correction, corrected

HORIZONS = (30, 60, 90, 180)
DECIDED_AT = 90
# Models that may be published besides Aalen-Johansen by stage, and why each would be.
CHOICES = ("boosting", "logit", "silence_rule")
REASONS = {
    "boosting": "beats_baselines",
    "logit": "not_better_than_logit",
    "silence_rule": "not_better_than_silence_rule",
}
DEEP = ("no_decision", "won")
STALL_RULES = "stalled_"
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
CALIBRATION_COLUMNS = ["model", "cause", "horizon_days", "bin", "predicted", "observed", "n"]


def evaluate(
    models: Mapping[str, HazardModel],
    corrections: Mapping[str, Mapping[int, Correction]],
    test: Material,
    deals: pd.DataFrame,
    seed: int,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Scores and calibration of every model on the test rows."""
    rules = deals.set_index("deal_id")["rule"].fillna("")
    by_rule = test.rows["deal_id"].map(rules).str.startswith(STALL_RULES).to_numpy(dtype=bool)
    slices = {"all": np.ones(len(test.rows), dtype=bool), "reason_given": ~by_rule}
    incidences = {
        name: cumulative(corrected(model.hazards(test.rows), corrections.get(name, {})))
        for name, model in models.items()
    }
    deal_codes = np.unique(test.rows["deal_id"].to_numpy(dtype=str), return_inverse=True)[1]
    rows: list[dict[str, object]] = []
    tables = []
    for horizon in HORIZONS:
        if int(test.known.follow.max(initial=0)) < horizon:
            continue
        mass, _ = evaluation.weights(test.known.time, test.known.cause, test.known.follow, horizon)
        for cause, name in enumerate(ENDINGS):
            case = (test.known.cause == cause) & (test.known.time <= horizon)
            predicted = {m: at_days(f, horizon)[:, cause] for m, f in incidences.items()}
            if name == "won" and test.rows["crm_probability"].notna().any():
                said = test.rows["crm_probability"].fillna(0.0).to_numpy(dtype=np.float64)
                predicted["crm_probability"] = said
            for part, inside in slices.items():
                seen = evaluation.Seen(case[inside], mass[inside], deal_codes[inside])
                found = evaluation.scores(
                    {m: p[inside] for m, p in predicted.items()},
                    seen,
                    "aalen_johansen",
                    seed,
                    only_brier=name not in DEEP or part != "all",
                )
                rows += [
                    {**row, "cause": name, "horizon_days": horizon, "slice": part} for row in found
                ]
            seen = evaluation.Seen(case, mass, deal_codes)
            for m, p in predicted.items():
                table = evaluation.calibration(p, seen, mass)
                tables.append(table.assign(model=m, cause=name, horizon_days=horizon))
    scores = pd.DataFrame(rows, columns=EVALUATION_COLUMNS)
    calibration = (
        pd.concat(tables, ignore_index=True)
        if tables
        else pd.DataFrame({name: [] for name in CALIBRATION_COLUMNS})
    )
    return scores, calibration[CALIBRATION_COLUMNS]


def skill(scores: pd.DataFrame, model: str, horizon: int, column: str = "value") -> float:
    """The Brier skill of a model for no decision; `column` may be low or high; NaN if unknown."""
    found = scores[
        (scores["metric"] == "brier_skill")
        & (scores["model"] == model)
        & (scores["cause"] == "no_decision")
        & (scores["horizon_days"] == horizon)
        & (scores["slice"] == "all")
    ]
    return float(found[column].iloc[0]) if len(found) else float("nan")


def choice(scores: pd.DataFrame) -> tuple[str, str, int]:
    """Which model is published, why, and at which horizon that was decided."""
    judged = scores[(scores["cause"] == "no_decision") & (scores["metric"] == "brier_skill")]
    enough = judged[~judged["is_thin"].astype(bool) & (judged["horizon_days"] <= DECIDED_AT)]
    if enough.empty:
        return "aalen_johansen", "too_few_events_to_judge", 0
    horizon = int(enough["horizon_days"].max())
    skills = {name: skill(scores, name, horizon) for name in CHOICES}
    best = max(CHOICES, key=lambda name: np.nan_to_num(skills[name], nan=-np.inf))
    if not skill(scores, best, horizon, "low") > 0:
        return "aalen_johansen", "not_better_than_aalen_johansen", horizon
    return best, REASONS[best], horizon
