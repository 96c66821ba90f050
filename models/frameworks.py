"""Which answered elements of a qualification framework go with a decision, or with none.

A week's exposure is what stood answered when it began. All elements of a framework are asked of
together, so that one does not stand for another, and their number apart; deals are compared from
the day on which their source first answered the framework. Elements are answered late, by deals
that go well: stage, age, days in stage, silence and replies are held equal. An answer is news of a
buyer who was at it on that day, which a reply need not be (a buyer who puts things off replies
too), so deals are also compared beside the weeks since the last answer to any element. Without
that, where answers change nothing, each further one still goes with about 1.02 times as many
decisions and 0.95 times as many endings without one (simulated companies); with it, with 0.99 and
1.00. What is left of that in a real company is not known: a ratio nearer to 1 than WITHOUT_MEANING
is no finding, however narrow its interval.
"""

import numpy as np
import pandas as pd

from models.associations import COLUMNS, open_weeks, ratios
from models.multiplicity import holm
from models.propensity import Floats

ENDINGS = {"decided": ("won", "lost_to_competitor"), "no_decision": ("no_decision",)}
COUNT = "count"
MORE, APART = ("replies_all", "meetings_held"), ("freshness",)
FRESH = (1, 2, 3, 5, 9, 17)  # ends of bands of weeks since the last answer; later is as none
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
    for each `deal_id`, `week` and `place` that stood answered, since `from_week`. `p_holm` is for
    all of the `asked` ratios together, of both endings; `goes_with` is "more" or "less" where it is
    below LEVEL and the ratio far enough from 1, "level" elsewhere, '' without an answer. `plain` is
    the ratio of rates with nothing held equal. A verdict "always" says that the element was never
    unanswered, "empty" that it was never answered; others are those of models.associations.ratios.
    """
    known = open_weeks(weeks, deals, stalls, as_of_day)
    told = []
    for framework, own in elements.groupby("framework", sort=True):
        starts = own.groupby("source")["since_day"].min()
        since = known["source"].map(starts).to_numpy(dtype=np.float64)
        here = known["snapshot_day"].to_numpy(dtype=np.float64) >= since
        rows = known[here].reset_index(drop=True)
        names = own.drop_duplicates("place").sort_values("element", kind="stable")
        places = names["place"].tolist()
        stood = _standing(rows, answered, places)
        rows = rows.assign(freshness=_freshness(rows, answered, places))
        exposed = dict(zip(names["element"], stood.T, strict=True))
        told.append(_estimated(rows, exposed).assign(framework=framework))
        if len(exposed) > 1:
            many = {COUNT: stood.sum(axis=1)}
            told.append(_estimated(rows, many).assign(framework=framework))
    if not told:
        return _typed(pd.DataFrame(columns=ADJUSTED))
    found = pd.concat(told, ignore_index=True).rename(columns={"exposure": "element"})
    p = found["p"].to_numpy(dtype=np.float64)
    found["p_holm"] = holm(p)
    found["asked"] = int(np.isfinite(p).sum())
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


def _freshness(rows: pd.DataFrame, answered: pd.DataFrame, places: list[int]) -> pd.Series:
    """The band of FRESH of the weeks since the last of these answers that stands, of each row."""
    own = answered[answered["place"].isin(places)]
    ago = (own["from_week"] - own["week"]).groupby([own["deal_id"], own["week"]]).min()
    weeks = ago.reindex(pd.MultiIndex.from_frame(rows[["deal_id", "week"]]))
    band = np.searchsorted(FRESH, weeks.fillna(FRESH[-1]).to_numpy(dtype=np.float64), side="right")
    return pd.Series(band, rows.index).astype(str)


def _estimated(rows: pd.DataFrame, exposed: dict[str, Floats]) -> pd.DataFrame:
    """The ratios of these exposures together, and each alone with nothing held equal."""
    found = ratios(rows, exposed, ENDINGS, more=MORE, apart=APART)[COLUMNS]
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
