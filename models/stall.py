"""How open deals end: a landmark competing-risks model in discrete time, judged before it is used.

The model is published only when it beats every baseline on deals that began after it was trained;
otherwise the best baseline is published.
"""

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pandas as pd

from models.bands import Bands, bands, refitted, told
from models.features import FEATURES
from models.hazards import Boosting, ByStage, HazardModel, Linear
from models.incidence import ENDINGS, Floats, cumulative
from models.judging import (
    HORIZONS,
    Judged,
    choice,
    evaluate,
    skill,
)
from models.landmarks import (
    DISQUALIFIED,
    NO_DECISION,
    Encoder,
    Material,
    Parts,
    at_days,
    expand,
    labelled,
    parts,
    thinned,
)
from models.readiness import LEAST_DEALS, LEAST_EVENTS, counted, missing, once_each
from models.recalibration import Correction, corrected, recalibrations

TEST_LANDMARKS = 6
EXPECTED_WITHIN_DAYS = 90


@dataclass
class StallFit:
    """A judged model: what is published and why, how it did, and its card.

    `before` is the same as it was trained before the test, whose deals were first seen from
    `tested_from_day` on.
    """

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
    bands: Bands | None = None
    before: "StallFit | None" = None
    tested_from_day: int | None = None


def risks(fit: StallFit, rows: pd.DataFrame, *, pursued: bool) -> Floats:
    """Cumulative incidence by the end of each bin; with `pursued` nobody is let go."""
    assert fit.model is not None
    return _incidences(fit, fit.model, rows)["_if_pursued" if pursued else ""]


def _incidences(fit: StallFit, model: HazardModel, rows: pd.DataFrame) -> dict[str, Floats]:
    """Cumulative incidence as things go (no suffix), and if pursued."""
    hazards = corrected(model.hazards(rows), fit.corrections)
    return {
        "": cumulative(hazards),
        "_if_pursued": cumulative(hazards, without=DISQUALIFIED),
    }


def _drawn(
    fit: StallFit, rows: pd.DataFrame
) -> dict[tuple[str, int], tuple[Floats, Floats | None]]:
    """P(no decision) by future and horizon under each draw of the bands, and by the other model."""
    if fit.bands is None:
        return {}
    models = [*fit.bands.models, *([fit.bands.other] if fit.bands.other else [])]
    found: dict[tuple[str, int], list[Floats]] = {}
    for model in models:
        for suffix, future in _incidences(fit, model, rows).items():
            for days in HORIZONS:
                told = at_days(future, days)[:, NO_DECISION]
                found.setdefault((suffix, days), []).append(told)
    many = len(fit.bands.models)
    return {
        key: (np.stack(drawn[:many]), drawn[many] if drawn[many:] else None)
        for key, drawn in found.items()
    }


def score(fit: StallFit, rows: pd.DataFrame) -> pd.DataFrame:
    """Probabilities of every ending at every horizon, as things go and if pursued.

    One row a deal and horizon; each set sums to one. P(no decision) has a 95 % band of what other
    deals of the same company could have taught (`models.bands`); NaN where there are no bands.
    Empty when nothing is published.
    """
    names = [*ENDINGS, "open"]
    columns = [
        "deal_id",
        "snapshot_at",
        "snapshot_day",
        "horizon_days",
        *(f"p_{name}" for name in names),
        *(f"p_{name}_if_pursued" for name in names if name != "disqualified"),
        *(f"p_no_decision{part}" for part in ("_low", "_high")),
        *(f"p_no_decision_if_pursued{part}" for part in ("_low", "_high")),
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
    futures, drawn = _incidences(fit, fit.model, rows), _drawn(fit, rows)
    for days in HORIZONS:
        frame = rows[["deal_id", "snapshot_at", "snapshot_day"]].reset_index(drop=True)
        frame["horizon_days"] = days
        for suffix, future in futures.items():
            now = at_days(future, days)
            for k, name in enumerate(ENDINGS):
                if not (suffix and name == "disqualified"):
                    frame[f"p_{name}{suffix}"] = now[:, k]
            frame[f"p_open{suffix}"] = np.clip(1.0 - now.sum(axis=1), 0.0, 1.0)
            low = high = np.full(len(rows), np.nan)
            if fit.bands is not None:
                low, high = fit.bands.around(now[:, NO_DECISION], *drawn[suffix, days])
            frame[f"p_no_decision{suffix}_low"] = low
            frame[f"p_no_decision{suffix}_high"] = high
        found.append(frame[columns])
    return pd.concat(found, ignore_index=True).sort_values(
        ["deal_id", "horizon_days"], ignore_index=True
    )


def expected(fit: StallFit, rows: pd.DataFrame) -> dict[str, object]:
    """How many of these open deals may end in no decision within 90 days, with its 95 % band.

    The band is that of the expected number; the number that comes scatters around it. Empty when
    nothing is published or there are no bands.
    """
    if fit.model is None or fit.bands is None or rows.empty:
        return {}
    days = EXPECTED_WITHIN_DAYS
    p = at_days(risks(fit, rows, pursued=False), days)[:, NO_DECISION]
    low, high = fit.bands.around_sum(p, *_drawn(fit, rows)["", days])
    return {
        "horizon_days": days,
        "open_deals": len(rows),
        "expected": round(float(p.sum()), 1),
        "low": round(low, 1),
        "high": round(high, 1),
    }


def _models(material: Material, seed: int) -> dict[str, HazardModel]:
    """Every model fitted on the same rows."""
    encoder = Encoder.learned(material.rows)
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    found: dict[str, HazardModel] = {"aalen_johansen": ByStage.fitted(material.rows, lines)}
    if len(np.unique(lines.target)) < 2:
        return found
    found["logit"] = Linear.fitted(material.rows, lines, encoder, seed)
    found["silence_rule"] = Linear.silence_rule(material.rows, lines, encoder, seed)
    found["boosting"] = Boosting.fitted(material.rows, lines, encoder, seed)
    return found


def _tuned(models: Mapping[str, HazardModel]) -> dict[str, object]:
    """What the card says of the settings that were tried, and the chosen ones."""
    chosen: dict[str, object] = {}
    losses: dict[str, object] = {}
    boosting, logit = models.get("boosting"), models.get("logit")
    if isinstance(boosting, Boosting):
        chosen["boosting"] = f"{boosting.leaves} leaves, {boosting.iterations} rounds"
        losses["boosting"] = dict(boosting.losses)
    if isinstance(logit, Linear):
        chosen["logit"] = f"penalty {logit.penalty:g}"
        losses["logit"] = dict(logit.losses)
    return {"settings_chosen": chosen, "cross_validation_loss": losses}


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
    band_draws: int = 12,
) -> StallFit:
    """Train on the past, judge on what came after, and publish what did best.

    `snapshots` as features.snapshots with `crm_probability`; `deals` with deal_id, outcome, rule,
    closed_day, event_day; `stalls` with deal_id, stalled_day, broken_day. The order of rows does
    not matter, nor do rows that are there twice. Too little history never raises: the result says
    what is missing. Raises ValueError where two rows contradict each other.
    """
    rows = once_each(snapshots, ["deal_id", "snapshot_day"], "features.snapshots")
    rows = rows.sort_values(["deal_id", "snapshot_day"], ignore_index=True)
    deals = once_each(deals, ["deal_id"], "core.outcomes")
    deals = deals.sort_values("deal_id", ignore_index=True)
    split = parts(rows)
    card = _card(rows, deals, split, as_of_day, seed, max_landmarks)
    chosen = thinned(rows, max_landmarks, seed)

    def part(inside: npt.NDArray[np.bool_], day: int) -> Material:
        return labelled(rows[inside].reset_index(drop=True), deals, stalls, day)

    now, train = part(chosen, as_of_day), part(chosen & split.train, split.t1)
    test = part(thinned(rows, TEST_LANDMARKS, seed) & split.test, as_of_day)
    have = counted(train)
    too_few = None
    if have["ended"] == 0:
        too_few = "nothing_ended_before_the_test"
    elif have["deals"] < LEAST_DEALS or have["no_decision_events"] < LEAST_EVENTS:
        too_few = "too_few_to_train"
    elif test.rows["deal_id"].nunique() < LEAST_DEALS:
        too_few = "too_few_to_test"
    first = int(rows["snapshot_day"].min()) if len(rows) else as_of_day
    lacks = missing(train, now, first, as_of_day)
    if too_few:
        return _cold(now, too_few, card | {"missing": lacks}, band_draws, seed)
    models = _models(train, seed)
    window = part(chosen & split.calibrate, split.t2)
    corrections = {
        name: recalibrations(model, window)
        for name, model in models.items()
        if name in ("boosting", "logit")
    }
    judged = evaluate(models, corrections, test, deals, seed)
    published, reason, horizon = choice(judged.scores)
    encoder = Encoder.learned(now.rows)
    final = _again(models[published], now, encoder, seed)
    kept: dict[int, Correction] = {}
    if corrections.get(published):
        later = part(chosen & split.before_test, split.t2)
        before = _again(models[published], later, Encoder.learned(later.rows), seed)
        kept = recalibrations(before, test)
    card |= {
        "published_model": published,
        "published_reason": reason,
        "decided_at_days": horizon,
        "test_deals": int(test.rows["deal_id"].nunique()),
        "test_landmarks": len(test.rows),
        "train_deals": have["deals"],
        "brier_skill": skill(judged.scores, published, horizon) if horizon else None,
        "weights_at_floor": dict(judged.floored),
        "recalibrated": sorted(ENDINGS[k] for k in corrections.get(published, {})),
        "recalibrated_tonight": sorted(ENDINGS[k] for k in kept),
        **_tuned(models),
        "scored_with": "the published kind, fitted again on all landmarks known by as_of",
    }
    if horizon == 0:
        card["missing"] = lacks
    other = models.get("logit" if published == "boosting" else "boosting")
    found = bands(final, now, encoder, band_draws, seed, other)
    card["bands"] = told(found)
    result = StallFit(
        published,
        reason,
        final,
        kept,
        judged.scores,
        judged.calibration,
        card,
        encoder,
        judged=judged,
        bands=found,
        tested_from_day=split.t2 + 1,
    )
    result.before = replace(
        result, model=models[published], corrections=corrections.get(published, {}), bands=None
    )
    return result


def _again(model: HazardModel, material: Material, encoder: Encoder, seed: int) -> HazardModel:
    """The same kind of model once more, on other rows."""
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    return refitted(model, material, lines, encoder, seed)


def _cold(
    material: Material, reason: str, card: dict[str, object], draws: int, seed: int
) -> StallFit:
    """What can be said with too little history: shares by stage, or nothing."""
    encoder = Encoder.learned(material.rows)
    lines = expand(material.known, material.rows["deal_id"].to_numpy(dtype=str))
    model: HazardModel | None = None
    found = None
    if len(lines.row) and (lines.target < len(ENDINGS)).any():
        model = ByStage.fitted(material.rows, lines)
        found = bands(model, material, encoder, draws, seed)
    published = "none" if model is None else "aalen_johansen"
    card |= {"published_model": published, "published_reason": reason, "bands": told(found)}
    nothing = Judged()
    return StallFit(
        published,
        reason,
        model,
        {},
        nothing.scores,
        nothing.calibration,
        card,
        encoder,
        bands=found,
    )
