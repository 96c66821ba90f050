"""A fitted model as one file that can be read without running code.

A zip of JSON (what was learned) and, where there are trees or a logit, a skops file whose types
are checked against a fixed list.
"""

import json
import zipfile
from pathlib import Path
from typing import Any

from models.features import FEATURES
from models.hazards import Boosting, ByStage, HazardModel, Linear
from models.landmarks import Encoder
from models.recalibration import Correction
from models.stall import StallFit

FORMAT = 2
# The only types besides scikit-learn's public estimators that a model file may hold.
TRUSTED = ["sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor"]


class ModelFileError(ValueError):
    """A model file that must not be used; the message says what does not fit and what to do."""


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _told(model: HazardModel | None) -> dict[str, Any]:
    if model is None:
        return {"kind": "none"}
    if isinstance(model, ByStage):
        return {"kind": model.name, "overall": model.overall, "stages": model.stages}
    if isinstance(model, Linear):
        return {
            "kind": model.name,
            "columns": model.columns,
            "penalty": model.penalty,
            "losses": dict(model.losses),
        }
    assert isinstance(model, Boosting)
    return {
        "kind": model.name,
        "leaves": model.leaves,
        "iterations": model.iterations,
        "losses": dict(model.losses),
    }


def save(fit: StallFit, path: Path) -> None:
    """Write the published model, its encoder and its card to `path`."""
    import sklearn
    from skops import io

    told = {
        "format": FORMAT,
        "scikit_learn": sklearn.__version__,
        "features": list(FEATURES),
        "published": fit.published,
        "reason": fit.reason,
        "model": _told(fit.model),
        "corrections": {str(k): [c.a, c.b] for k, c in sorted(fit.corrections.items())},
        "encoder": {
            "categories": {k: list(v) for k, v in fit.encoder.categories.items()},
            "medians": fit.encoder.medians,
            "means": fit.encoder.means,
            "spreads": fit.encoder.spreads,
        },
        "card": fit.card,
    }
    members: dict[str, bytes] = {
        "model.json": json.dumps(told, sort_keys=True, ensure_ascii=False).encode()
    }
    if isinstance(fit.model, Linear | Boosting):
        members["estimator.skops"] = io.dumps(fit.model.estimator)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)


def load(path: Path) -> tuple[HazardModel | None, dict[int, Correction], dict[str, Any]]:
    """The model, its corrections and its card.

    Raises ModelFileError for another format, other features, another scikit-learn minor version,
    or a type that is not on the list.
    """
    import sklearn
    from skops import io

    again = "Train again: `nodecision run`."
    try:
        with zipfile.ZipFile(path) as archive:
            told = json.loads(archive.read("model.json"))
            names = archive.namelist()
            content = archive.read("estimator.skops") if "estimator.skops" in names else None
    except (zipfile.BadZipFile, KeyError, OSError, json.JSONDecodeError) as error:
        raise ModelFileError(f"{path}: not a model file ({error}). {again}") from error
    if told.get("format") != FORMAT:
        raise ModelFileError(f"{path}: format {told.get('format')}, expected {FORMAT}. {again}")
    if told["features"] != list(FEATURES):
        other = sorted(set(told["features"]) ^ set(FEATURES))
        raise ModelFileError(f"{path}: trained on other features ({', '.join(other)}). {again}")
    if _minor(told["scikit_learn"]) != _minor(sklearn.__version__):
        raise ModelFileError(
            f"{path}: written with scikit-learn {told['scikit_learn']}, here is "
            f"{sklearn.__version__}. {again}"
        )
    estimator = None
    if content is not None:
        strangers = sorted(set(io.get_untrusted_types(data=content)) - set(TRUSTED))
        if strangers:
            raise ModelFileError(
                f"{path}: holds types that no model has: {', '.join(strangers)}. Delete it. {again}"
            )
        estimator = io.loads(content, trusted=TRUSTED)
    corrections = {int(k): Correction(*v) for k, v in told["corrections"].items()}
    return _model(told, estimator), corrections, told["card"]


def _model(told: dict[str, Any], estimator: Any) -> HazardModel | None:
    said = told["model"]
    kept = told["encoder"]
    encoder = Encoder(
        {k: tuple(v) for k, v in kept["categories"].items()},
        *(tuple(kept[name]) for name in ("medians", "means", "spreads")),
    )
    if said["kind"] == "none":
        return None
    if said["kind"] == "aalen_johansen":
        return ByStage(said["overall"], said["stages"])
    if said["kind"] == "boosting":
        return Boosting(encoder, estimator, said["leaves"], said["iterations"], said["losses"])
    columns = None if said["columns"] is None else tuple(said["columns"])
    return Linear(encoder, estimator, columns, said["kind"], said["penalty"], said["losses"])
