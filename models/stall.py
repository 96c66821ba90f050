"""How open deals end: a landmark competing-risks model in discrete time, judged before it is used.

The model is published only when it beats Aalen-Johansen by stage on deals that began after it was
trained, and is not worse than a multinomial logit; otherwise the better baseline is published.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from models.features import FEATURES
from models.hazards import Boosting, ByStage, HazardModel, Linear
from models.incidence import ENDINGS, Floats, cumulative
from models.judging import (
    CALIBRATION_COLUMNS,
    EVALUATION_COLUMNS,
    HORIZONS,
    Judged,
    choice,
    evaluate,
    skill,
)
from models.landmarks import (
    DISQUALIFIED,
    Encoder,
    Material,
    Parts,
    at_days,
    expand,
    labelled,
    parts,
    thinned,
)
from models.recalibration import Correction, corrected, recalibrations

LEAST_EVENTS, LEAST_DEALS = 50, 20
TEST_LANDMARKS = 6


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
    judged: Judged = field(default_factory=Judged)


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


def _models(material: Material, seed: int, boosting: bool = True) -> dict[str, HazardModel]:
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


def _missing(material: Material) -> dict[str, int]:
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


def _cold(material: Material, reason: str, card: dict[str, object], seed: int) -> StallFit:
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
    now = labelled(rows[chosen].reset_index(drop=True), deals, stalls, as_of_day)
    train = labelled(rows[chosen & split.train].reset_index(drop=True), deals, stalls, split.t1)
    have = _missing(train)
    if have["ended"] == 0:
        return _cold(now, "nothing_ended_before_the_test", card, seed)
    if have["deals"] < LEAST_DEALS or have["no_decision_events"] < LEAST_EVENTS:
        return _cold(now, "too_few_to_train", card, seed)
    tested = thinned(rows, TEST_LANDMARKS, seed) & split.test
    test = labelled(rows[tested].reset_index(drop=True), deals, stalls, as_of_day)
    if test.rows["deal_id"].nunique() < LEAST_DEALS:
        return _cold(now, "too_few_to_test", card, seed)
    models = _models(train, seed)
    window = labelled(
        rows[chosen & split.calibrate].reset_index(drop=True), deals, stalls, split.t2
    )
    corrections = {
        name: recalibrations(model, window)
        for name, model in models.items()
        if name in ("boosting", "logit")
    }
    judged = evaluate(models, corrections, test, deals, seed)
    scores = judged.scores
    published, reason, horizon = choice(scores)
    final = _final(published, models, now, seed)
    card |= {
        "published_model": published,
        "published_reason": reason,
        "decided_at_days": horizon,
        "test_deals": int(test.rows["deal_id"].nunique()),
        "test_landmarks": len(test.rows),
        "train_deals": have["deals"],
        "brier_skill": skill(scores, published, horizon) if horizon else None,
        "weights_at_floor": dict(judged.floored),
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
        judged.calibration,
        card,
        Encoder.learned(now.rows),
        judged=judged,
    )


def _final(
    published: str, models: Mapping[str, HazardModel], now: Material, seed: int
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
