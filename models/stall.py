"""How open deals end: a landmark competing-risks model in discrete time, judged before it is used.

The model is published only when it beats Aalen-Johansen by stage on deals that began after it was
trained, and is not worse than a multinomial logit; otherwise the better baseline is published.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models import evaluation
from models.hazards import Boosting, ByStage, HazardModel, Linear
from models.incidence import ENDINGS, Floats, cumulative
from models.landmarks import (
    BIN_ENDS,
    DISQUALIFIED,
    FEATURES,
    Encoder,
    Labels,
    Parts,
    expand,
    labels,
    parts,
    thinned,
)

HORIZONS = (30, 60, 90, 180)
DECIDED_AT = 90
LEAST_EVENTS, LEAST_DEALS = 50, 20
# Models that may be published besides Aalen-Johansen by stage, and why each would be.
CHOICES = ("boosting", "logit", "silence_rule")
REASONS = {
    "boosting": "beats_baselines",
    "logit": "not_better_than_logit",
    "silence_rule": "not_better_than_silence_rule",
}
DEEP = ("no_decision", "won")
TEST_LANDMARKS = 6
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


@dataclass(frozen=True)
class Correction:
    """Logistic recalibration of one ending's hazard: a + b * logit."""

    a: float
    b: float


@dataclass
class StallFit:
    """A judged model: what is published and why, how it did, and its card."""

    published: str
    reason: str
    model: HazardModel | None
    corrections: Mapping[int, Correction]
    evaluation: pd.DataFrame
    calibration: pd.DataFrame
    card: dict[str, object]
    encoder: Encoder
    reference: dict[str, object] = field(default_factory=dict)


def at_days(incidence: Floats, days: int) -> Floats:
    """Incidence by a day, straight between the ends of bins; (n, endings)."""
    ends = np.concatenate([[0], BIN_ENDS * 7])
    whole = np.concatenate([np.zeros((len(incidence), 1, incidence.shape[2])), incidence], axis=1)
    place = min(int(np.searchsorted(ends, days)), len(ends) - 1)
    share = min((days - ends[place - 1]) / (ends[place] - ends[place - 1]), 1.0)
    found: Floats = whole[:, place - 1] + share * (whole[:, place] - whole[:, place - 1])
    return found


def corrected(hazards: Floats, corrections: Mapping[int, Correction]) -> Floats:
    """Hazards after recalibration, never summing to more than one."""
    if not corrections:
        return hazards
    found = hazards.copy()
    for cause, correction in corrections.items():
        h = np.clip(found[..., cause], 1e-9, 1 - 1e-9)
        x = correction.a + correction.b * np.log(h / (1 - h))
        found[..., cause] = np.where(hazards[..., cause] > 0, 1 / (1 + np.exp(-x)), 0.0)
    total = found.sum(axis=-1, keepdims=True)
    capped: Floats = np.where(total > 0.999, found * 0.999 / np.maximum(total, 1e-12), found)
    return capped


def risks(fit: StallFit, rows: pd.DataFrame, *, pursued: bool) -> Floats:
    """Cumulative incidence by the end of each bin; with `pursued` nobody is let go."""
    assert fit.model is not None
    hazards = corrected(fit.model.hazards(rows), fit.corrections)
    return cumulative(hazards, without=DISQUALIFIED if pursued else None)


def score(fit: StallFit, rows: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of every ending at every horizon, as things go and if pursued.

    One row a deal and horizon; each set sums to one. Empty when nothing is published.
    """
    names = [*ENDINGS, "open"]
    columns = [
        "deal_id",
        "snapshot_at",
        "snapshot_day",
        "horizon_days",
        *(f"p_{name}" for name in names),
        *(f"p_{name}_if_pursued" for name in names if name != "disqualified"),
    ]
    if fit.model is None or rows.empty:
        typed = {
            "deal_id": "str",
            "snapshot_at": "datetime64[us]",
            "snapshot_day": "int64",
            "horizon_days": "int64",
        }
        return pd.DataFrame({name: pd.Series(dtype=typed.get(name, "float64")) for name in columns})
    found = []
    futures = {"": risks(fit, rows, pursued=False), "_if_pursued": risks(fit, rows, pursued=True)}
    for days in HORIZONS:
        frame = rows[["deal_id", "snapshot_at", "snapshot_day"]].reset_index(drop=True)
        frame["horizon_days"] = days
        for suffix, future in futures.items():
            now = at_days(future, days)
            for k, name in enumerate(ENDINGS):
                if not (suffix and name == "disqualified"):
                    frame[f"p_{name}{suffix}"] = now[:, k]
            frame[f"p_open{suffix}"] = np.clip(1.0 - now.sum(axis=1), 0.0, 1.0)
        found.append(frame[columns])
    return pd.concat(found, ignore_index=True).sort_values(
        ["deal_id", "horizon_days"], ignore_index=True
    )


@dataclass(frozen=True)
class _Material:
    rows: pd.DataFrame
    known: Labels

    def take(self, chosen: np.ndarray) -> "_Material":
        return _Material(
            self.rows[chosen].reset_index(drop=True),
            Labels(self.known.time[chosen], self.known.cause[chosen], self.known.follow[chosen]),
        )


def _material(rows: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, day: int) -> _Material:
    """Rows with labels as known on a day, those that had ended or stalled already left out."""
    known = labels(rows, deals, stalls, day)
    alive = (known.time > 0) & ~rows["is_stalled"].fillna(False).to_numpy(dtype=bool)
    return _Material(rows, known).take(alive)


def _models(material: _Material, seed: int, boosting: bool = True) -> dict[str, HazardModel]:
    """Every model fitted on the same rows."""
    encoder = Encoder.learned(material.rows)
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    found: dict[str, HazardModel] = {"aalen_johansen": ByStage.fitted(material.rows, lines)}
    if len(np.unique(lines.target)) < 2:
        return found
    found["logit"] = Linear.fitted(material.rows, lines, encoder, seed)
    found["silence_rule"] = Linear.silence_rule(material.rows, lines, encoder, seed)
    if boosting:
        found["boosting"] = Boosting.fitted(material.rows, lines, encoder, seed)
    return found


def _corrections(model: HazardModel, material: _Material) -> dict[int, Correction]:
    """Recalibrations of the endings whose calibration the calibration window rejects.

    Rejected: a likelihood-ratio test of a + b * logit(h) against a = 0, b = 1 at 1 %, for endings
    with enough events there.
    """
    from scipy.optimize import minimize
    from scipy.stats import chi2

    if material.rows.empty:
        return {}
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    hazards = model.hazards(material.rows)[lines.row, lines.bin]
    found = {}
    for cause in range(len(ENDINGS)):
        y = (lines.target == cause).astype(float)
        if y.sum() < LEAST_EVENTS:
            continue
        h = np.clip(hazards[:, cause], 1e-6, 1 - 1e-6)
        x = np.log(h / (1 - h))

        def loss(ab: Floats, x: Floats = x, y: Floats = y, w: Floats = lines.weight) -> float:
            z = ab[0] + ab[1] * x
            return float(np.sum(w * (np.logaddexp(0, z) - y * z)))

        best = minimize(loss, np.array([0.0, 1.0]), method="Nelder-Mead")
        # Rows of one deal count together: weights make each deal one observation.
        gain = 2 * (loss(np.array([0.0, 1.0])) - float(best.fun))
        gain *= len(np.unique(material.rows["deal_id"])) / max(lines.weight.sum(), 1.0)
        if gain > chi2.ppf(0.99, 2):
            found[cause] = Correction(float(best.x[0]), float(best.x[1]))
    return found


def _evaluate(
    models: Mapping[str, HazardModel],
    corrections: Mapping[str, Mapping[int, Correction]],
    test: _Material,
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


def _value(scores: pd.DataFrame, model: str, horizon: int, column: str = "value") -> float:
    found = scores[
        (scores["metric"] == "brier_skill")
        & (scores["model"] == model)
        & (scores["cause"] == "no_decision")
        & (scores["horizon_days"] == horizon)
        & (scores["slice"] == "all")
    ]
    return float(found[column].iloc[0]) if len(found) else float("nan")


def _choice(scores: pd.DataFrame) -> tuple[str, str, int]:
    """Which model is published, why, and at which horizon that was decided."""
    judged = scores[(scores["cause"] == "no_decision") & (scores["metric"] == "brier_skill")]
    enough = judged[~judged["is_thin"].astype(bool) & (judged["horizon_days"] <= DECIDED_AT)]
    if enough.empty:
        return "aalen_johansen", "too_few_events_to_judge", 0
    horizon = int(enough["horizon_days"].max())
    skill = {name: _value(scores, name, horizon) for name in CHOICES}
    best = max(CHOICES, key=lambda name: np.nan_to_num(skill[name], nan=-np.inf))
    if not _value(scores, best, horizon, "low") > 0:
        return "aalen_johansen", "not_better_than_aalen_johansen", horizon
    return best, REASONS[best], horizon


def _missing(material: _Material) -> dict[str, int]:
    """What a training part has, against what it needs."""
    counts = {
        name: len(set(material.rows.loc[material.known.cause == k, "deal_id"]))
        for k, name in enumerate(ENDINGS)
    }
    return {
        "deals": int(material.rows["deal_id"].nunique()),
        "needed_deals": LEAST_DEALS,
        "no_decision_events": counts["no_decision"],
        "needed_no_decision_events": LEAST_EVENTS,
        "ended": sum(counts.values()),
    }


def _cold(material: _Material, reason: str, card: dict[str, object], seed: int) -> StallFit:
    """What can be said with too little history: shares by stage, or nothing."""
    empty = pd.DataFrame({name: [] for name in EVALUATION_COLUMNS})
    typed = {"metric": "str", "model": "str", "cause": "str", "slice": "str"}
    encoder = Encoder.learned(material.rows)
    model: HazardModel | None = None
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    if len(lines.row) and (lines.target < len(ENDINGS)).any():
        model = ByStage.fitted(material.rows, lines)
    published = "none" if model is None else "aalen_johansen"
    card |= {
        "published_model": published,
        "published_reason": reason,
        "missing": _missing(material),
    }
    return StallFit(
        published,
        reason,
        model,
        {},
        empty.astype(typed),
        pd.DataFrame({name: [] for name in CALIBRATION_COLUMNS}).astype(
            {"model": "str", "cause": "str"}
        ),
        card,
        encoder,
    )


def _card(
    rows: pd.DataFrame,
    deals: pd.DataFrame,
    split: Parts,
    as_of_day: int,
    seed: int,
    max_landmarks: int,
) -> dict[str, object]:
    import sklearn

    def on(day: int) -> str:
        return str(np.datetime64(int(day), "D"))

    first = int(rows["snapshot_day"].min()) if len(rows) else as_of_day
    return {
        "model": "landmark competing risks in discrete time",
        "endings": list(ENDINGS),
        "features": list(FEATURES),
        "landmarks": len(rows),
        "deals": int(deals["deal_id"].nunique()),
        "first_landmark_on": on(first),
        "as_of": on(as_of_day),
        "trained_until": on(split.t1),
        "calibrated_until": on(split.t2),
        "landmarks_per_deal": max_landmarks,
        "seed": seed,
        "horizons": list(HORIZONS),
        "python": ".".join(platform.python_version_tuple()[:2]),
        "scikit_learn": sklearn.__version__,
        "limits": "Scores say what tends to happen to deals like this one, as deals were worked "
        "so far; acting on them changes what happens.",
    }


def fit(
    snapshots: pd.DataFrame,
    deals: pd.DataFrame,
    stalls: pd.DataFrame,
    *,
    as_of_day: int,
    seed: int,
    max_landmarks: int = 12,
) -> StallFit:
    """Train on the past, judge on what came after, and publish what did best.

    `snapshots` as features.snapshots with `crm_probability`; `deals` with deal_id, outcome, rule,
    closed_day, event_day; `stalls` with deal_id, stalled_day, broken_day. The order of rows does
    not matter. Too little history never raises: the result says what is missing.
    """
    rows = snapshots.sort_values(["deal_id", "snapshot_day"], ignore_index=True)
    deals = deals.sort_values("deal_id", ignore_index=True)
    split = parts(rows)
    card = _card(rows, deals, split, as_of_day, seed, max_landmarks)
    chosen = thinned(rows, max_landmarks, seed)
    now = _material(rows[chosen].reset_index(drop=True), deals, stalls, as_of_day)
    train = _material(rows[chosen & split.train].reset_index(drop=True), deals, stalls, split.t1)
    have = _missing(train)
    if have["ended"] == 0:
        return _cold(now, "nothing_ended_before_the_test", card, seed)
    if have["deals"] < LEAST_DEALS or have["no_decision_events"] < LEAST_EVENTS:
        return _cold(now, "too_few_to_train", card, seed)
    tested = thinned(rows, TEST_LANDMARKS, seed) & split.test
    test = _material(rows[tested].reset_index(drop=True), deals, stalls, as_of_day)
    if test.rows["deal_id"].nunique() < LEAST_DEALS:
        return _cold(now, "too_few_to_test", card, seed)
    models = _models(train, seed)
    window = _material(
        rows[chosen & split.calibrate].reset_index(drop=True), deals, stalls, split.t2
    )
    corrections = {
        name: _corrections(model, window)
        for name, model in models.items()
        if name in ("boosting", "logit")
    }
    scores, calibration = _evaluate(models, corrections, test, deals, seed)
    published, reason, horizon = _choice(scores)
    final = _final(published, models, now, seed)
    card |= {
        "published_model": published,
        "published_reason": reason,
        "decided_at_days": horizon,
        "test_deals": int(test.rows["deal_id"].nunique()),
        "test_landmarks": len(test.rows),
        "train_deals": have["deals"],
        "brier_skill": _value(scores, published, horizon) if horizon else None,
        "recalibrated": sorted(ENDINGS[k] for k in corrections.get(published, {})),
        "iterations": getattr(models.get("boosting"), "iterations", None),
        "cross_validation_loss": getattr(models.get("boosting"), "losses", {}),
        "scored_with": "the published kind, fitted again on all landmarks known by as_of",
    }
    return StallFit(
        published,
        reason,
        final,
        corrections.get(published, {}),
        scores,
        calibration,
        card,
        Encoder.learned(now.rows),
    )


def _final(
    published: str, models: Mapping[str, HazardModel], now: _Material, seed: int
) -> HazardModel:
    """The published kind once more, on everything known by now."""
    lines = expand(now.known, now.rows["deal_id"].to_numpy(dtype=str))
    encoder = Encoder.learned(now.rows)
    if published == "boosting":
        tuned = models["boosting"]
        assert isinstance(tuned, Boosting)
        return Boosting.fitted(now.rows, lines, encoder, seed, tuned.iterations)
    if published == "logit":
        return Linear.fitted(now.rows, lines, encoder, seed)
    if published == "silence_rule":
        return Linear.silence_rule(now.rows, lines, encoder, seed)
    return ByStage.fitted(now.rows, lines)
