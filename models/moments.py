"""Moments of deals, each followed from then on as a trial of its own."""

import numpy as np
import pandas as pd

from models.incidence import ENDINGS
from models.landmarks import BIN_ENDS, BIN_STARTS, expand, labels


def followed(
    moments: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, as_of_day: int
) -> pd.DataFrame:
    """Rows of features.snapshots followed from their second week on to half a year, in bins.

    One row for each of `moments` and bin of weeks ahead (`weeks_ahead`), with `ends` as in
    models.associations.open_weeks. Every moment is a trial of its own (Hernan and others,
    Epidemiology 19, 2008): all that is adjusted for was so when it began, before whatever its
    exposure led to. What ends within the first week may have been said in the same breath as the
    exposure, and is left out. Arguments as there.
    """
    rows = moments[~moments["is_stalled"].fillna(False).astype(bool)].reset_index(drop=True)
    whose = rows["deal_id"].astype("object").to_numpy().astype(str)
    lines = expand(labels(rows, deals, stalls, as_of_day), whose)
    later = lines.bin > 0
    found = rows.iloc[lines.row[later]].reset_index(drop=True)
    names = np.array([*ENDINGS, ""], dtype="object")
    bins = [f"{a + 1}-{b}" for a, b in zip(BIN_STARTS, BIN_ENDS, strict=True)]
    found["ends"] = pd.Series(names[lines.target[later]], dtype="str")
    found["weeks_ahead"] = pd.Series(np.array(bins, dtype="object")[lines.bin[later]], dtype="str")
    return found
