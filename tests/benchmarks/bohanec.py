"""How well qualification answers tell won deals from lost: `python tests/benchmarks/bohanec.py`.

448 deals of a software firm with 22 answers each (Bohanec, Borstnar, Robnik-Sikonja, *Explaining
machine learning models in sales predictions*, Expert Systems with Applications 2017). Many rows are
copies; copies in two folds would be recognised, not predicted, so rows with the same answers stay
in one fold. Repeated cross-validation, with the correction of Nadeau and Bengio (*Inference for the
Generalization Error*, 2003) for folds that share their training rows. The same folds without that
care are printed beside it. The data's folder is the argument. Exit code 2: no data there.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t as student
from sklearn.compose import make_column_transformer
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, log_loss, roc_auc_score
from sklearn.model_selection import GridSearchCV, GroupKFold, KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT.parent / "shared" / "data" / "bohanec_b2b"
FILE = "Salvirt_B2B_ML_dataset.csv"
LABEL, POSITIVE = "Status", "Won"
# What the published file holds: deals, answers, rows that are copies of an earlier one.
PUBLISHED = (448, 22, 83)
FOLDS, REPEATS = 5, 10
TREES = {"max_leaf_nodes": 15, "l2_regularization": 5.0, "learning_rate": 0.08}
ITERATIONS, INNER_FOLDS = (20, 40, 60), 3
LEVEL = 0.95
Scores = Mapping[str, npt.NDArray[np.float64]]
METRICS: Mapping[str, Callable[[Any, Any], float]] = {
    "AUC": roc_auc_score,
    "Brier": brier_score_loss,
    "log loss": log_loss,
}


def counts(deals: pd.DataFrame) -> tuple[int, int, int]:
    """Deals, answers and rows that are copies of an earlier one."""
    return len(deals), deals.shape[1] - 1, int(deals.duplicated().sum())


def models() -> dict[str, Any]:
    """Each estimator by name: the prior, the logit, and the project's kind of trees."""
    every = slice(None)
    words = OneHotEncoder(handle_unknown="ignore")
    codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan)
    trees = HistGradientBoostingClassifier(**TREES, early_stopping=False, random_state=0)
    return {
        "class prior": DummyClassifier(),
        "logit": make_pipeline(
            make_column_transformer((words, every)), LogisticRegression(max_iter=1000)
        ),
        # As in the project, iterations are chosen within the training part, groups kept whole.
        "boosting": GridSearchCV(
            make_pipeline(make_column_transformer((codes, every)), trees),
            {f"{HistGradientBoostingClassifier.__name__.lower()}__max_iter": ITERATIONS},
            scoring="neg_log_loss",
            cv=GroupKFold(INNER_FOLDS),
        ),
    }


def folds(
    groups: npt.NDArray[np.int64], repeats: int, *, together: bool
) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Train and test rows of every fold of every repeat; `together` keeps a group in one fold."""
    found = []
    for seed in range(repeats):
        kind = GroupKFold if together else KFold
        split = kind(FOLDS, shuffle=True, random_state=seed)
        found += list(split.split(groups, groups=groups if together else None))
    return found


def cross_validated(
    deals: pd.DataFrame, repeats: int, *, together: bool
) -> tuple[dict[str, dict[str, npt.NDArray[np.float64]]], float]:
    """Each model's metrics by fold, and the test rows a training row.

    `deals` holds the answers and the label; rows with the same answers make a group.
    """
    answers = deals.drop(columns=LABEL)
    won = (deals[LABEL] == POSITIVE).to_numpy(dtype=int)
    groups = answers.groupby(list(answers.columns), dropna=False, sort=True).ngroup().to_numpy()
    kinds = models()
    found: dict[str, dict[str, list[float]]] = {
        name: {metric: [] for metric in METRICS} for name in kinds
    }
    ratios = []
    for train, test in folds(groups, repeats, together=together):
        ratios.append(len(test) / len(train))
        for name, model in kinds.items():
            with warnings.catch_warnings():
                # A value that a training part does not hold is unknown to it; that is no fault.
                warnings.filterwarnings("ignore", message="Found unknown categories")
                known = {"groups": groups[train]} if isinstance(model, GridSearchCV) else {}
                model.fit(answers.iloc[train], won[train], **known)
                p = model.predict_proba(answers.iloc[test])[:, 1]
            for metric, score in METRICS.items():
                found[name][metric].append(float(score(won[test], p)))
    return {
        name: {metric: np.array(values) for metric, values in metrics.items()}
        for name, metrics in found.items()
    }, float(np.mean(ratios))


def interval(values: npt.NDArray[np.float64], ratio: float) -> tuple[float, float, float]:
    """Mean over folds and the bounds of its corrected interval (Nadeau and Bengio 2003, sec. 4)."""
    n = len(values)
    spread = np.sqrt((1 / n + ratio) * np.var(values, ddof=1))
    half = float(student.ppf((1 + LEVEL) / 2, n - 1)) * spread
    return float(values.mean()), float(values.mean() - half), float(values.mean() + half)


def told(values: npt.NDArray[np.float64], ratio: float, sign: str = "") -> str:
    """A mean with its interval, in words."""
    middle, low, high = interval(values, ratio)
    return f"{middle:{sign}.3f} [{low:{sign}.3f}, {high:{sign}.3f}]"


def report(deals: pd.DataFrame, repeats: int) -> None:
    """Print everything."""
    apart, ratio = cross_validated(deals, repeats, together=True)
    naive, _ = cross_validated(deals, repeats, together=False)
    print(f"{repeats} x {FOLDS} folds, {LEVEL:.0%} intervals, rows with the same answers together")
    for name, metrics in apart.items():
        line = "   ".join(f"{metric} {told(x, ratio)}" for metric, x in metrics.items())
        print(f"  {name:<12} {line}")
    print("boosting less the others (AUC: more is better; Brier, log loss: less is)")
    for name in ("class prior", "logit"):
        line = "   ".join(
            f"{metric} {told(apart['boosting'][metric] - apart[name][metric], ratio, '+')}"
            for metric in METRICS
        )
        print(f"  - {name:<10} {line}")
    print("the same with rows dealt to folds one by one, so that copies lie on both sides")
    for name, metrics in naive.items():
        line = "   ".join(
            f"{metric} {x.mean():.3f} ({x.mean() - apart[name][metric].mean():+.3f})"
            for metric, x in metrics.items()
        )
        print(f"  {name:<12} {line}")


def main() -> None:
    """The benchmark, printed."""
    parser = argparse.ArgumentParser(description="Qualification answers and won deals.")
    parser.add_argument("folder", nargs="?", type=Path, default=FOLDER, help="where the file is")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="of the cross-validation")
    options = parser.parse_args()
    path = options.folder / FILE
    if not path.is_file():
        print(f"no {FILE} in {options.folder}: name the folder that holds it", file=sys.stderr)
        sys.exit(2)
    deals = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False)
    if counts(deals) != PUBLISHED:
        sys.exit(f"{path} is not the published file: {counts(deals)} instead of {PUBLISHED}")
    won = (deals[LABEL] == POSITIVE).mean()
    print(f"{len(deals)} deals, {PUBLISHED[1]} answers, {PUBLISHED[2]} copies, {won:.1%} won")
    began, used = time.perf_counter(), time.process_time()
    report(deals, options.repeats)
    wall, cpu = time.perf_counter() - began, time.process_time() - used
    print(f"{wall:.0f} s wall, {cpu:.0f} s CPU")


if __name__ == "__main__":
    main()
