"""Which answered elements of a qualification framework go with a decision, or with none.

A week's exposure is what stood answered when it began. All elements of a framework are asked of
together, so that one does not stand for another, and their number apart; deals are compared from
the day on which their source first answered the framework. Elements are answered late, by deals
that go well: stage, age, days in stage, silence and replies are held equal, and that does not
hold equal how much a buyer is at it. Where answers change nothing, buyers who tell more still come
to a decision about 1.04 times as often for each answer (simulated companies): a ratio nearer to 1
than WITHOUT_MEANING is no finding, however narrow its interval.
"""

import numpy as np
import pandas as pd

from models.associations import COLUMNS, open_weeks, ratios
from models.multiplicity import holm
from models.propensity import Floats

ENDINGS = {"decided": ("won", "lost_to_competitor"), "no_decision": ("no_decision",)}
COUNT = "count"
MORE = ("replies_all", "meetings_held")
LEVEL, WITHOUT_MEANING = 0.05, 1.1
ADJUSTED = [
    *("framework", "element", "ending", "ratio", "low", "high", "p", "p_holm", "asked", "plain"),
    *("deals", "weeks", "exposed_share", "sellers", "events", "exposed_events"),
    *("verdict", "goes_with"),
]


def adjusted(
    weeks: pd.DataFrame,
    elements: pd.DataFrame,
    answered: pd.DataFrame,
    deals: pd.DataFrame,
    stalls: pd.DataFrame,
    as_of_day: int,
) -> pd.DataFrame:
    """Hazard ratios as ADJUSTED: a row each element and ending, and each framework's count.

    `weeks` are rows of features.snapshots. `elements` lists `place`, `framework`, `element` and the
    `source` and `since_day` from which on a deal without an answer was one; `answered` has a row
    for each `deal_id`, `week` and `place` that stood answered. `p_holm` is for all of the `asked`
    ratios of an ending together; `goes_with` is "more" or "less" where it is below LEVEL and the
    ratio far enough from 1, "level" elsewhere, '' without an answer. `plain` is the ratio of rates
    with nothing held equal. A verdict "always" says that the element was never unanswered, "empty"
    that it was never answered; others are those of models.associations.ratios.
    """
    known = open_weeks(weeks, deals, stalls, as_of_day)
    told = []
    for framework, own in elements.groupby("framework", sort=True):
        starts = own.groupby("source")["since_day"].min()
        since = known["source"].map(starts).to_numpy(dtype=np.float64)
        here = known["snapshot_day"].to_numpy(dtype=np.float64) >= since
        rows = known[here].reset_index(drop=True)
        names = own.drop_duplicates("place").sort_values("element", kind="stable")
        stood = _standing(rows, answered, names["place"].tolist())
        exposed = dict(zip(names["element"], stood.T, strict=True))
        told.append(_estimated(rows, exposed).assign(framework=framework))
        if len(exposed) > 1:
            many = {COUNT: stood.sum(axis=1)}
            told.append(_estimated(rows, many).assign(framework=framework))
    if not told:
        return _typed(pd.DataFrame(columns=ADJUSTED))
    found = pd.concat(told, ignore_index=True).rename(columns={"exposure": "element"})
    for ending in ENDINGS:
        here = found["ending"].eq(ending).to_numpy(dtype=bool)
        p = found.loc[here, "p"].to_numpy(dtype=np.float64)
        found.loc[here, "p_holm"] = holm(p)
        found.loc[here, "asked"] = int(np.isfinite(p).sum())
    found["goes_with"] = _directions(found)
    return _typed(found)


def _standing(rows: pd.DataFrame, answered: pd.DataFrame, places: list[int]) -> Floats:
    """Whether each element (p,) stood answered at each row (n,): (n, p) of 0 and 1."""
    stood = np.zeros((len(rows), len(places)))
    own = answered[answered["place"].isin(places)]
    line = pd.MultiIndex.from_frame(rows[["deal_id", "week"]]).get_indexer(
        pd.MultiIndex.from_frame(own[["deal_id", "week"]])
    )
    column = pd.Index(places).get_indexer(pd.Index(own["place"]))
    stood[line[line >= 0], column[line >= 0]] = 1.0
    return stood


def _estimated(rows: pd.DataFrame, exposed: dict[str, Floats]) -> pd.DataFrame:
    """The ratios of these exposures together, and each alone with nothing held equal."""
    found = ratios(rows, exposed, ENDINGS, more=MORE)[COLUMNS]
    plain = []
    for name, ending in zip(found["exposure"], found["ending"], strict=True):
        event = rows["ends"].isin(list(ENDINGS[ending])).to_numpy(dtype=bool)
        plain.append(_plain(exposed[name] > 0, event))
    found["plain"] = np.where(found["verdict"] == "ok", plain, np.nan)
    for name, values in exposed.items():
        if len(values) and np.ptp(values) == 0:
            found.loc[found["exposure"] == name, "verdict"] = "always" if values[0] else "empty"
    found["verdict"] = found["verdict"].replace("constant", "too_few")
    return found


def _plain(is_exposed: np.ndarray, event: np.ndarray) -> float:
    """The rate of the event with the exposure over the rate without; NaN without either."""
    with_it, without = event[is_exposed], event[~is_exposed]
    if not with_it.size or not without.any():
        return np.nan
    return float(with_it.mean() / without.mean())


def _directions(found: pd.DataFrame) -> np.ndarray:
    ratio, together = (found[name].to_numpy(dtype=np.float64) for name in ("ratio", "p_holm"))
    is_sure = together < LEVEL
    return np.select(
        [
            np.isnan(ratio),
            is_sure & (ratio > WITHOUT_MEANING),
            is_sure & (ratio < 1 / WITHOUT_MEANING),
        ],
        ["", "more", "less"],
        "level",
    )


def _typed(found: pd.DataFrame) -> pd.DataFrame:
    texts = ("framework", "element", "ending", "verdict", "goes_with")
    counts = ("asked", "deals", "weeks", "sellers", "events", "exposed_events")
    kinds = {**dict.fromkeys(ADJUSTED, "float64"), **dict.fromkeys(texts, "str")}
    return found[ADJUSTED].astype({**kinds, **dict.fromkeys(counts, "int64")})
