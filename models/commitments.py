"""What goes with a dated promise of the buyer's: a decision either way, and no decision.

Two comparisons. *Promised*: among weeks in which the buyer gave a sign of life, those in which one
gave a dated promise against those in which none did; every such week is followed from then on, so
that silence and replies after it, which the promise may have brought about, are not held against
it. *Kept*: among promises that fell due, kept ones against others. Keeping one is a sign of life,
so silence is a part of what is compared: it is shown with and without silence held equal. A buyer
who promises is a buyer who is already deciding; neither comparison is an effect.
"""

import numpy as np
import pandas as pd

from models.associations import COLUMNS, directions, ratios
from models.moments import followed

ENDINGS = {"decided": ("won", "lost_to_competitor"), "no_decision": ("no_decision",)}
PROMISED, KEPT = "promised", "kept"
# What is held equal, and which of the covariates are then left out.
ALL, WITHOUT_SILENCE, NOTHING = "all", "without_silence", "nothing"
LEFT_OUT = {ALL: (), WITHOUT_SILENCE: ("silence_days",)}
AHEAD = ("weeks_ahead",)
BARE = ["deal_id", "seller_id", "ends", *AHEAD]
ADJUSTED = [
    *("comparison", "held_equal", "ending", "ratio", "low", "high", "p"),
    *("deals", "moments", "exposed_moments", "sellers", "events", "exposed_events"),
    *("verdict", "goes_with"),
]


def adjusted(
    weeks: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, as_of_day: int
) -> pd.DataFrame:
    """Hazard ratios of both comparisons as ADJUSTED, one row each, ending and what is held equal.

    `weeks` are rows of features.snapshots with `made`, `due` and `due_kept` of
    features.promise_weeks (0 where nothing), from where a buyer's promise was on record; `deals`
    and `stalls` as models.moments.followed reads them. `goes_with` is "more" or "less" where
    the 95 % interval leaves 1 out, "level" where it does not, '' without an answer; `verdict` is
    "not_recorded" where no promise is in `weeks`, else as models.associations.ratios has it.
    """
    is_alive = weeks["has_sign_of_life"].fillna(False).astype(bool) & (weeks["silence_days"] < 7)
    asked = {
        PROMISED: (weeks[is_alive.to_numpy(dtype=bool)], "made"),
        KEPT: (weeks[(weeks["due"] > 0).to_numpy(dtype=bool)], "due_kept"),
    }
    told = []
    for comparison, (moments, exposure) in asked.items():
        rows = followed(moments, deals, stalls, as_of_day)
        exposed = {comparison: np.asarray(rows[exposure] > 0, dtype=np.float64)}
        for held, left_out in LEFT_OUT.items():
            told.append(
                _named(ratios(rows, exposed, ENDINGS, leave_out=left_out, apart=AHEAD), held)
            )
        told.append(_named(ratios(rows[BARE], exposed, ENDINGS, apart=AHEAD), NOTHING))
        for frame in told[-3:]:
            frame["moments"] = len(moments)
            frame["exposed_moments"] = int((moments[exposure] > 0).sum())
    found = pd.concat(told, ignore_index=True)
    if not ((weeks["made"] > 0) | (weeks["due"] > 0)).any():
        found["verdict"] = "not_recorded"
    found["verdict"] = found["verdict"].replace("constant", "too_few")
    found["goes_with"] = directions(found)
    kinds = {"held_equal": "str", "moments": "int64", "exposed_moments": "int64"}
    return found.astype({**kinds, "goes_with": "str", "verdict": "str"})[ADJUSTED]


def _named(frame: pd.DataFrame, held: str) -> pd.DataFrame:
    return frame[COLUMNS].rename(columns={"exposure": "comparison"}).assign(held_equal=held)
