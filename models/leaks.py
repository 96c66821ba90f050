"""The leak alarm: features whose value was known only when a deal closed, each named with evidence.

A weekly table (`weekly_findings`) is looked at where honest features know least: at each deal's
first landmark, if that lies at least `FAR_DAYS` before the end. A feature that tells the ending
there as well as it does at the last landmark (`outcome`, `early`), that is filled on deals which
have ended and on none still open that were first seen in the same quarter (`filled`), or that tells
where another feature would stand at the end (`foresight`) cannot be what was known that day. Stage,
silence and the like tell much near the end and next to nothing at the first landmark, so they stay
silent here. A leak that shows in the middle of a deal's life only is not seen: rebuilding the past
finds that one.

A table with one row a deal and no dates is for `models.leaks_table`.

Kaufman, Rosset, Perlich and Stitelman, *Leakage in Data Mining*, TKDD 2012, section 4: leaks are
found by what is too good to be true.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from models.incidence import ENDINGS

FAR_DAYS = 28
# Fewer deals on either side say nothing.
LEAST_DEALS = 30
BINS = 20
# Three standard errors, since each of some hundred features and endings is asked.
SURE = 3.0
# Early discrimination beyond which a feature is named, and how much it may lose towards the end.
TOO_GOOD = 0.75
FALLS = 0.05
# Share of endings told rightly at the first landmark that no honest feature reaches.
TOLD_SHARE = 0.95
FILLED_SHARE = 0.10
OPEN_SHARE = 0.005
QUARTER_DAYS = 91
FORESIGHT = 0.90
# Rank variance that a feature must have beyond what the other's first value explains.
OWN_SHARE = 0.05

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Finding:
    """One suspicion: `kind` of evidence, its numbers by name, and a sentence for a person."""

    feature: str
    kind: str
    numbers: dict[str, float]
    sentence: str


def placements(score: Floats, is_case: Flags) -> tuple[Floats, Floats]:
    """The share of controls below each case, and of cases above each control; ties half."""
    ranks = rankdata(score)
    n_cases, n_controls = int(is_case.sum()), int((~is_case).sum())
    below = (ranks[is_case] - rankdata(score[is_case])) / n_controls
    above = 1 - (ranks[~is_case] - rankdata(score[~is_case])) / n_cases
    return below, above


def auc(score: Floats, is_case: Flags, other: Floats | None = None) -> tuple[float, float]:
    """Area under the ROC curve and its standard error; with `other`, how much it is larger.

    DeLong, DeLong and Clarke-Pearson, *Biometrics* 1988.
    """
    below, above = placements(score, is_case)
    if other is not None:
        with_other = placements(other, is_case)
        below, above = below - with_other[0], above - with_other[1]
    # A perfect split of few is less sure than a variance of zero says.
    least = 1 / (12 * min(len(below), len(above)))
    spread = below.var(ddof=1) / len(below) + above.var(ddof=1) / len(above)
    return float(below.mean()), float(max(np.sqrt(spread), least if other is None else 0.0))


def binned(values: pd.Series) -> npt.NDArray[np.int64]:
    """Values as at most `BINS` codes, the unknown apart; words by their commonness."""
    if values.dtype == bool or not pd.api.types.is_numeric_dtype(values):
        numbers = pd.to_numeric(values, errors="coerce")
        if numbers.notna().sum() < values.notna().sum():
            words = values.astype("str").where(values.notna())
            common = words.value_counts().reset_index()
            common.columns = pd.Index(["word", "n"])
            common = common.sort_values(["n", "word"], ascending=[False, True])
            codes = {word: n for n, word in enumerate(common["word"].head(BINS - 1))}
            found = words.map(codes).fillna(BINS - 1).where(words.notna(), BINS)
            return found.to_numpy(dtype=np.int64)
        values = numbers
    numbers_ = values.to_numpy(dtype=np.float64, na_value=np.nan)
    known = numbers_[np.isfinite(numbers_)]
    if not len(known):
        return np.full(len(numbers_), BINS, dtype=np.int64)
    levels = np.unique(known)
    if len(levels) > BINS:
        levels = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[:-1]))
    codes_ = np.searchsorted(levels, numbers_, side="right") - 1
    return np.where(np.isfinite(numbers_), np.maximum(codes_, 0), BINS).astype(np.int64)


def _folds(deals: Iterable[str]) -> Flags:
    """Half of the deals, by a draw that their sorted ids decide."""
    names = np.asarray(list(deals), dtype=str)
    order = np.argsort(names, kind="stable")
    half = np.zeros(len(names), dtype=bool)
    half[order] = np.random.default_rng(20).permutation(len(names)) % 2 == 0
    return half


def _rates(codes: npt.NDArray[np.int64], is_case: Flags, half: Flags) -> Floats:
    """For each row, how often rows of its code in the other half are cases, drawn to the mean."""
    found = np.zeros(len(codes))
    for side in (half, ~half):
        n = np.bincount(codes[side], minlength=BINS + 1)
        hits = np.bincount(codes[side], weights=is_case[side], minlength=BINS + 1)
        mean = is_case[side].mean() if side.any() else 0.0
        found[~side] = ((hits + mean) / (n + 1))[codes[~side]]
    return found


def is_plain(values: pd.Series) -> bool:
    """Whether a column holds one value only, and so tells nothing."""
    return values.nunique(dropna=False) < 2


def _ended_early(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The first landmark of each deal, and the last one that was before its end, by deal."""
    alive = rows[rows["outcome"].isna() | (rows["days_to_outcome"] > 0)].copy()
    alive["outcome"] = alive["outcome"].where(
        alive["outcome"].isna() | alive["outcome"].isin(ENDINGS), "other"
    )
    alive = alive.sort_values(["deal_id", "snapshot_day"])
    grouped = alive.groupby("deal_id", sort=True)
    return grouped.head(1).set_index("deal_id"), grouped.tail(1).set_index("deal_id")


def _outcome_findings(first: pd.DataFrame, last: pd.DataFrame, name: str) -> list[Finding]:
    """Evidence that a feature tells the ending long before it, as well as it ever does."""
    half = _folds(first.index)
    early, late = binned(first[name]), binned(last[name])
    told = np.stack(
        [_rates(early, (first["outcome"] == end).to_numpy(), half) for end in ENDINGS], axis=1
    )
    actual = first["outcome"].to_numpy(dtype=str)
    guess = np.asarray(ENDINGS)[told.argmax(axis=1)]
    right, base = float((guess == actual).mean()), first["outcome"].value_counts(normalize=True)
    margin = SURE * np.sqrt(right * (1 - right) / len(first) + 1 / len(first) ** 2)
    if right - margin >= TOLD_SHARE and base.iloc[0] < TOLD_SHARE:
        return [
            Finding(
                name,
                "outcome",
                {"told": right, "most_common": float(base.iloc[0]), "deals": float(len(first))},
                f"{name} tells how {right:.0%} of {len(first):,} deals end, at least {FAR_DAYS} "
                f"days before they do; the most common ending is {base.iloc[0]:.0%} of them",
            )
        ]
    found: list[Finding] = []
    for place, end in enumerate(ENDINGS):
        is_case = actual == end
        if min(is_case.sum(), (~is_case).sum()) < LEAST_DEALS:
            continue
        area, error = auc(told[:, place], is_case)
        if area - SURE * error < TOO_GOOD:
            continue
        near, _ = auc(_rates(late, is_case, half), is_case)
        if area < near - FALLS:
            continue
        found.append(
            Finding(
                name,
                "early",
                {"auc_first": area, "auc_last": near, "deals": float(len(first))},
                f"{name} alone parts {end} from the other endings with AUC {area:.2f} at the "
                f"first landmark, at least {FAR_DAYS} days before the end, and {near:.2f} at the "
                "last: what is known early tells less and gains towards the end",
            )
        )
    return sorted(found, key=lambda one: -one.numbers["auc_first"])[:1]


def _fill_finding(first: pd.DataFrame, name: str) -> list[Finding]:
    """Evidence that a feature is filled only once a deal has ended.

    Compared at the first landmark, within quarters of it that hold both kinds of deals.
    """
    ended = first["outcome"].notna().to_numpy()
    filled = first[name].notna().to_numpy()
    quarter = first["snapshot_day"].to_numpy(dtype=np.int64) // QUARTER_DAYS
    n = pd.DataFrame({"quarter": quarter, "ended": ended, "open": ~ended})
    n["ended_filled"], n["open_filled"] = ended & filled, ~ended & filled
    told = n.groupby("quarter").sum()
    told = told[(told["ended"] > 0) & (told["open"] > 0)]
    weight = told["ended"] * told["open"] / (told["ended"] + told["open"])
    if min(told["ended"].sum(), told["open"].sum()) < LEAST_DEALS:
        return []
    on_ended = float((weight * told["ended_filled"] / told["ended"]).sum() / weight.sum())
    on_open = float((weight * told["open_filled"] / told["open"]).sum() / weight.sum())
    expected = on_ended * told["open"].sum()
    if on_ended < FILLED_SHARE or on_open > OPEN_SHARE or expected < LEAST_DEALS / 3:
        return []
    return [
        Finding(
            name,
            "filled",
            {"ended_share": on_ended, "open_share": on_open, "deals": float(told.to_numpy().sum())},
            f"{name} is filled on {on_ended:.0%} of deals that have ended since and on "
            f"{on_open:.1%} of those still open that were first seen in the same quarters",
        )
    ]


def _foresight(told: Floats, start: Floats, end: Floats) -> tuple[float, int]:
    """Rank correlation of a feature with another's last value given its first, where it moved."""
    moved = np.isfinite(told) & np.isfinite(start) & np.isfinite(end) & (start != end)
    if moved.sum() < LEAST_DEALS:
        return 0.0, 0
    x, a, b = (rankdata(values[moved]) for values in (told, start, end))
    design = np.stack([np.ones(len(a)), a, a**2], axis=1) / [1, len(a), len(a) ** 2]
    own, ahead = (
        values - design @ np.linalg.lstsq(design, values, rcond=None)[0] for values in (x, b)
    )
    if own.var() <= OWN_SHARE * x.var() or ahead.var() <= OWN_SHARE * b.var():
        return 0.0, 0
    return float(abs(np.corrcoef(own, ahead)[0, 1])), int(moved.sum())


def _at_least(correlation: float, n: int) -> float:
    """The correlation that is sure to be reached (Fisher's z)."""
    return float(np.tanh(np.arctanh(min(correlation, 1 - 1e-9)) - SURE / np.sqrt(n - 3)))


def as_numbers(values: pd.Series) -> Floats | None:
    """A column as numbers, the unknown NaN; None for words."""
    numbers = pd.to_numeric(values, errors="coerce")
    if numbers.notna().sum() < values.notna().sum():
        return None
    return numbers.to_numpy(dtype=np.float64, na_value=np.nan)


def _foresight_findings(
    first: pd.DataFrame, last: pd.DataFrame, names: Sequence[str], moving: Sequence[str]
) -> list[Finding]:
    """Evidence that a feature tells at the first landmark where another stands at the last."""
    starts = {name: as_numbers(first[name]) for name in {*names, *moving}}
    ends = {name: as_numbers(last[name]) for name in moving}
    found = []
    for name in names:
        told = starts[name]
        if told is None:
            continue
        best, other, deals = 0.0, "", 0
        for candidate in moving:
            start, end = starts[candidate], ends[candidate]
            if candidate == name or start is None or end is None:
                continue
            strength, n = _foresight(told, start, end)
            if strength > best:
                best, other, deals = strength, candidate, n
        if deals and _at_least(best, deals) >= FORESIGHT:
            found.append(
                Finding(
                    name,
                    "foresight",
                    {"correlation": best, "deals": float(deals)},
                    f"{name} tells at the first landmark where {other} stands at the last, beyond "
                    f"what {other} itself told (rank correlation {best:.2f}, {deals:,} deals)",
                )
            )
    return found


def weekly_findings(
    rows: pd.DataFrame, names: Sequence[str], kinds: Sequence[str] | None = None
) -> list[Finding]:
    """What is suspicious about the features `names` of a weekly table.

    `rows` as features.snapshots: deal_id, snapshot_day, outcome (null while open), days_to_outcome
    and the features; the first and the last landmark of each deal are enough. `kinds` keeps the
    search to some kinds of evidence. Empty where there are too few deals to tell.
    """
    wanted = ("outcome", "early", "filled", "foresight") if kinds is None else tuple(kinds)
    first, last = _ended_early(rows)
    is_far = first["outcome"].isna() | (first["days_to_outcome"] >= FAR_DAYS)
    first, last = first[is_far], last[is_far]
    ended = first["outcome"].notna()
    found: list[Finding] = []
    asked = [name for name in names if not is_plain(first[name])]
    if ended.sum() >= 2 * LEAST_DEALS and {"outcome", "early"} & set(wanted):
        for name in asked:
            found += _outcome_findings(first[ended], last[ended], name)
    if "filled" in wanted:
        for name in asked:
            found += _fill_finding(first, name)
    if "foresight" in wanted:
        is_long = ended & (last["snapshot_day"] - first["snapshot_day"] >= FAR_DAYS)
        found += _foresight_findings(first[is_long], last[is_long], asked, names)
    return sorted(
        (one for one in found if one.kind in wanted), key=lambda one: (one.feature, one.kind)
    )
