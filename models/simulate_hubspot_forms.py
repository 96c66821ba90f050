"""How HubSpot writes ids, times, numbers, names and stages."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models import simulate_words as words
from models.simulate_dice import Texts

# Internal name, label, values.
Table = list[tuple[str, str, Any]]
FIRST_IDS = {
    "owner": 77_001_200,
    "user": 41_500_300,
    "company": 9_310_000_000,
    "contact": 12_840_000_000,
    "deal": 17_650_000_000,
    "lead": 21_030_000_000,
    "quote": 24_410_000_000,
    # One row of numbers serves acts of every kind.
    "email": 51_000_000_000,
    "tool_email": 52_000_000_000,
    "call": 53_000_000_000,
    "meeting": 54_000_000_000,
    "task": 55_000_000_000,
}
PIPELINE_ID, PIPELINE = "default", "Sales Pipeline"
STAGES = pd.DataFrame(words.STAGES, columns=["label", "probability", "is_closed", "is_won"])
# The two endings that every portal begins with keep their ids, stages made later have numbers.
STAGE_IDS: Texts = np.array(
    [str(98_450_100 + place) for place in range(8)] + ["closedwon", "closedlost", "98450108"],
    dtype=object,
)


def ids(kind: str, numbers: npt.ArrayLike) -> Texts:
    """Ids of records of a kind by number; blank for none."""
    at = np.asarray(numbers, dtype=np.int64)
    text = (FIRST_IDS[kind] + at).astype(str).astype(object)
    return np.where(at < 0, "", text)


def associated(
    kind: str, of: npt.ArrayLike, numbers: npt.ArrayLike, wanted: npt.ArrayLike
) -> Texts:
    """For each wanted record the ids of all that stand beside it, in one cell."""
    pairs = pd.Series(ids(kind, numbers)).groupby(np.asarray(of)).agg(";".join)
    cells: Texts = pairs.reindex(np.asarray(wanted)).to_numpy()
    return cells


def minute(sec: pd.Series) -> pd.Series:
    """Times as a list tells them."""
    return _time(sec, "m").str.replace("T", " ")


def instant(sec: pd.Series) -> pd.Series:
    """Times as a history tells them."""
    return _time(sec, "ms") + "Z"


def _time(sec: pd.Series, unit: str) -> pd.Series:
    known = sec.notna().to_numpy()
    text = np.full(len(sec), None, dtype=object)
    stamps = sec.to_numpy()[known].astype(np.int64).astype("datetime64[s]")
    text[known] = np.datetime_as_string(stamps.astype(f"datetime64[{unit}]"))
    return pd.Series(text, sec.index, dtype="object")


def number(values: pd.Series) -> pd.Series:
    """Amounts without needless decimals."""
    whole = values.round(2) == values.round(0)
    return values.map("{:.0f}".format).where(whole, values.map("{:.2f}".format))


def first_and_last(names: pd.Series) -> tuple[pd.Series, pd.Series]:
    """First and last names: Korean ones are written together, the family's first."""
    latin = names.str.split(" ", n=1, expand=True).reindex(columns=[0, 1])
    together = latin[1].isna()
    first = latin[0].mask(together, names.str[1:])
    last = latin[1].mask(together, names.str[:1])
    return first, last


def write(table: Table, path: Path, *, labels: bool) -> Path:
    """Write one list."""
    heads = [label if labels else internal for internal, label, _ in table]
    many = len(table[0][2])
    values = [
        np.full(many, column, dtype=object) if isinstance(column, str) else np.asarray(column)
        for _, _, column in table
    ]
    frame = pd.DataFrame(dict(zip(heads, values, strict=True)))
    frame.to_csv(path, index=False, lineterminator="\n", encoding="utf-8")
    return path
