"""What was known at time zero, as a matrix: transformed, missing values marked, levels spread."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from models.propensity import Floats, standardised

# arcsinh is the logarithm for large values, and defined at 0 and below.
SKEWED = (
    "amount",
    "age_days",
    "days_in_stage",
    "touches_all",
    "replies_all",
    "silence_days",
    "touches_since_sign_of_life",
    "days_to_expected_close",
    "account_deals_before",
    "account_wins_before",
)
PLAIN = (
    "stage_order",
    "pushes",
    "meetings_held",
    "contacts",
    "options",
    "seller_walk_rate",
    "seller_win_rate",
)
LEVELS = ("signal", "lead_source", "source", "pipeline", "quarter")
COLUMNS = (*SKEWED, *PLAIN, *LEVELS)
MIN_ROWS = 10
MIN_SHARE = 0.02


def _numbers(values: pd.Series, *, is_skewed: bool) -> Floats:
    found = pd.to_numeric(values).to_numpy(dtype=np.float64, na_value=np.nan)
    return np.arcsinh(found) if is_skewed else found


def _quarter(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return "unknown"
    year, quarter = divmod(int(value) - 1, 4)  # type: ignore[call-overload]
    return f"{year}-Q{quarter + 1}"


def _levels(values: pd.Series) -> pd.Series:
    """Levels as text; those of fewer than MIN_ROWS or MIN_SHARE of the rows become 'other'."""
    text = (
        values.map(_quarter)
        if values.name == "quarter"
        else values.astype("object").where(values.notna(), "unknown").astype(str)
    )
    counts = text.value_counts()
    rare = counts.index[counts < max(MIN_ROWS, MIN_SHARE * len(text))]
    return text.where(~text.isin(rare), "other")


def covariates(points: pd.DataFrame, leave_out: tuple[str, ...] = ()) -> tuple[Floats, list[str]]:
    """Standardised covariates (n, p) of decision points, and their names, as `matrix` makes them.

    Columns named in `leave_out` are left out.
    """
    return matrix(
        points,
        skewed=[name for name in SKEWED if name not in leave_out],
        plain=[name for name in PLAIN if name not in leave_out],
        levels=[name for name in LEVELS if name not in leave_out],
    )


def matrix(
    rows: pd.DataFrame, *, skewed: Sequence[str], plain: Sequence[str], levels: Sequence[str]
) -> tuple[Floats, list[str]]:
    """Standardised columns (n, p) of `rows` and their names.

    Numbers, the `skewed` ones by arcsinh, get the median where missing and a column
    `<name>=missing` beside them; a level of a text column is `<name>=<level>`, the commonest being
    the reference. Columns that do not vary are left out.
    """
    columns: dict[str, Floats] = {}
    for name in (*skewed, *plain):
        values = _numbers(rows[name], is_skewed=name in skewed)
        missing = np.isnan(values)
        if missing.all():
            continue
        columns[name] = np.where(missing, np.nanmedian(values), values)
        columns[f"{name}=missing"] = missing.astype(np.float64)
    for name in levels:
        text = _levels(rows[name])
        counts = text.value_counts()
        commonest = min(counts.index[counts == counts.max()], default="")
        for level in sorted(set(counts.index) - {commonest}):
            columns[f"{name}={level}"] = (text == level).to_numpy(dtype=np.float64)
    names = [name for name, values in columns.items() if len(values) and np.ptp(values) > 0]
    if not names:
        return np.zeros((len(rows), 0)), []
    return standardised(np.column_stack([columns[name] for name in names])), names
