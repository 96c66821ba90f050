"""Do more options go with fewer decisions? What follows days on which so many lay before the buyer.

An option is an offer of ours, a rival, or the present supplier; those count that had been put
before the buyer by the end of a day and were not withdrawn. A deal that lives longer gathers more
of them, so the number that a deal ended with says nothing (the longer it lived, the more it has);
the number on a day, beside what else was known on it, can be told (models.afterwards). The days
are those of every second week of the first year on which the buyer had shown life within a
fortnight: of buyers who are silent by then whatever made them so has mostly happened, and beside
equal silence nothing would be left to see of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.afterwards import HORIZONS, Ahead, Told
from models.associations import LEAST_EVENTS, LEAST_SELLERS
from models.propensity import Flags, Floats

EVERY_WEEKS, LAST_WEEK = 2, 52
ANSWERING_DAYS = 14  # of silence at most
# Of features.snapshots, beside what every association is adjusted for: options come with acts.
MORE = ("replies_all", "meetings_held", "touches_all")
MOST = 4  # options told apart; more are as many
ENDINGS = ("no_decision", "decision")
RATIOS = [
    *("exposure", "ending", "ratio", "low", "high", "p"),
    *("deals", "days", "exposed_share", "sellers", "events", "exposed_events", "verdict"),
]
CURVE = [
    *("horizon_days", "options_from", "options_to", "deals", "days", "no_decisions"),
    *("observed", "observed_low", "observed_high", "adjusted", "low", "high"),
]
ANSWER = [
    *("horizon_days", "difference", "low", "high", "verdict"),
    *("deals", "days", "sellers", "no_decisions", "exposed_no_decisions"),
]
KINDS = dict.fromkeys(("exposure", "ending", "verdict"), "str") | dict.fromkeys(
    (
        *("deals", "days", "sellers", "events", "exposed_events", "no_decisions"),
        *("exposed_no_decisions", "horizon_days", "options_from"),
    ),
    "int64",
)


@dataclass(frozen=True, eq=False)
class Found:
    """The hazard ratios, the incidence by number of options, and the answer by horizon."""

    ratios: pd.DataFrame
    curve: pd.DataFrame
    answer: pd.DataFrame


def answering(snapshots: pd.DataFrame) -> pd.DataFrame:
    """The days that are looked at: those on which the buyer was answering."""
    week = snapshots["age_days"] // 7
    is_asked = (week % EVERY_WEEKS == 0) & week.between(EVERY_WEEKS, LAST_WEEK)
    is_asked &= snapshots["has_sign_of_life"].fillna(False).astype(bool)
    return snapshots[is_asked & (snapshots["silence_days"] <= ANSWERING_DAYS)]


def options(
    snapshots: pd.DataFrame,
    deals: pd.DataFrame,
    stalls: pd.DataFrame,
    as_of_day: int,
    seed: int,
) -> Found:
    """What goes with options on the table, from rows of features.snapshots.

    `snapshots` are of sources on whose deals options are on record, from their first one on, with
    options_before: how many there were four weeks earlier. `deals` and `stalls` as
    models.stall.fit reads them. The answer is how much more (or less) no decision there is, by each
    of HORIZONS, with one more option on every day than there was: `more`, `fewer` or `nothing`
    where the interval holds 0; `too_few` without a number below 10 sellers, or 20 deals that ended
    in no decision with the fewest options or with more; `constant` where there are always as many,
    `not_recorded` without a row.
    """
    if snapshots.empty:
        return Found(_frame([], RATIOS), _frame([], CURVE), _answers("not_recorded"))
    ahead = Ahead.of(answering(snapshots), deals, stalls, as_of_day, more=MORE)
    if ahead.rows.empty:
        return Found(_frame([], RATIOS), _frame([], CURVE), _answers("too_few"))
    told = {
        name: _numbers(ahead, name)
        for name in ("options_ours", "options_competitor", "options_all", "options_before")
    }
    number = np.clip(told["options_all"], 0, MOST)
    known = _numbers(ahead, "incumbent_known")
    before = np.minimum(np.clip(told["options_before"], 0, MOST), number)
    groups = _groups(ahead, number)
    together: tuple[dict[str, Floats], ...] = (
        {"options": number},
        {_named(*group): _inside(number, group).astype(np.float64) for group in groups[1:]},
        {
            "ours": np.clip(told["options_ours"], 0, MOST),
            "competitor": np.clip(told["options_competitor"], 0, MOST),
            "incumbent": known,
        },
        {"standing": before, "added": number - before},
    )
    rows = [row for exposures in together for row in _ratios(ahead, exposures)]
    verdict = next(row["verdict"] for row in rows if row["ending"] == "no_decision")
    if verdict != "ok":
        return Found(_frame(rows, RATIOS), _frame([], CURVE), _answers(str(verdict), ahead, number))
    return Found(
        _frame(rows, RATIOS),
        _frame(_curve(ahead, number, groups, seed), CURVE),
        _answers("ok", ahead, number),
    )


def _numbers(ahead: Ahead, name: str) -> Floats:
    found = pd.to_numeric(ahead.rows[name]).to_numpy(dtype=np.float64, na_value=0.0)
    return np.asarray(found)


def _frame(rows: list[dict[str, object]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({name: KINDS.get(name, "float64") for name in columns})


def _is_few(ahead: Ahead, exposed: Flags, ending: str) -> tuple[int, int, bool]:
    """Deals that ended so, those of them after an exposed day, and whether they are too few."""
    events = ahead.deals_ended(ending, np.ones(len(exposed), dtype=bool))
    of_exposed = ahead.deals_ended(ending, exposed)
    others = ahead.deals_ended(ending, ~exposed)
    few = int(ahead.sellers.max()) + 1 < LEAST_SELLERS or min(of_exposed, others) < LEAST_EVENTS
    return events, of_exposed, few


def _ratios(ahead: Ahead, exposures: dict[str, Floats]) -> list[dict[str, object]]:
    """Hazard ratios over the half year after a day, of exposures together, for both endings."""
    rows: list[dict[str, object]] = []
    varying = {name: values for name, values in exposures.items() if np.ptp(values) > 0}
    for ending in ENDINGS:
        found: dict[str, dict[str, object]] = {}
        for name, values in exposures.items():
            exposed = values > values.min()
            events, of_exposed, few = _is_few(ahead, exposed, ending)
            verdict = "constant" if not exposed.any() else "too_few" if few else "ok"
            found[name] = {
                **{"exposure": name, "ending": ending, "verdict": verdict},
                **{"deals": ahead.rows["deal_id"].nunique(), "days": len(values)},
                **{"exposed_share": float(exposed.mean()), "events": events},
                **{"sellers": int(ahead.sellers.max()) + 1, "exposed_events": of_exposed},
            }
        able = [name for name, row in found.items() if row["verdict"] == "ok"]
        if able:
            # Those of which there is too little to say are adjusted for, or they would be taken
            # for the fewest.
            fitted = ahead.association(varying, ending)
            for name in able:
                ends = zip(("ratio", "low", "high", "p"), fitted.ratio({name: 1.0}), strict=True)
                found[name].update(ends)
        rows += found.values()
    return rows


def _answers(
    verdict: str, ahead: Ahead | None = None, number: Floats | None = None
) -> pd.DataFrame:
    """One more option than there was, by horizon; without numbers unless the verdict is ok."""
    if ahead is None or number is None:
        counts: dict[str, object] = dict.fromkeys(ANSWER[5:], 0)
        rows = [{"horizon_days": days, "verdict": verdict, **counts} for days in HORIZONS]
        return _frame(rows, ANSWER)
    events, exposed, _ = _is_few(ahead, number > number.min(), "no_decision")
    common: dict[str, object] = {
        **{"deals": ahead.rows["deal_id"].nunique(), "days": len(number)},
        **{"sellers": int(ahead.sellers.max()) + 1},
        **{"no_decisions": events, "exposed_no_decisions": exposed},
    }
    if verdict != "ok":
        rows = [{"horizon_days": days, "verdict": verdict, **common} for days in HORIZONS]
        return _frame(rows, ANSWER)
    foretold = ahead.foretold(number[:, None])
    now, more = (foretold.incidence(number[:, None] + one) for one in (0.0, 1.0))
    rows = []
    for days in HORIZONS:
        told = (more[days] - now[days]).told()
        said = "more" if told.low > 0 else "fewer" if told.high < 0 else "nothing"
        ends = {"difference": told.value, "low": told.low, "high": told.high}
        rows.append({"horizon_days": days, "verdict": said, **ends, **common})
    return _frame(rows, ANSWER)


def _curve(
    ahead: Ahead, number: Floats, groups: Sequence[tuple[int, int]], seed: int
) -> list[dict[str, object]]:
    """No decision by number of options: as it was, and as it would be were all days alike."""
    if len(groups) < 2:
        return []
    inside = [_inside(number, group) for group in groups]
    exposures = np.column_stack(inside[1:]).astype(np.float64)
    foretold = ahead.foretold(exposures)
    rows: list[dict[str, object]] = []
    for place, ((low, high), of) in enumerate(zip(groups, inside, strict=True)):
        as_if = np.zeros_like(exposures)
        if place:
            as_if[:, place - 1] = 1.0
        adjusted, observed = foretold.incidence(as_if), ahead.observed(of, seed)
        for days in HORIZONS:
            told = adjusted[days].told()
            rows.append(
                {
                    **{"horizon_days": days, "options_from": low},
                    "options_to": np.nan if high == MOST else high,
                    "deals": ahead.rows.loc[of, "deal_id"].nunique(),
                    "days": int(of.sum()),
                    "no_decisions": ahead.deals_ended("no_decision", of),
                    **_ends(observed[days], ("observed", "observed_low", "observed_high")),
                    **_ends(told, ("adjusted", "low", "high")),
                }
            )
    return rows


def _ends(told: Told, names: tuple[str, str, str]) -> dict[str, float]:
    """A share with its limits, which lie between 0 and 1."""
    limits = np.clip((told.value, told.low, told.high), 0.0, 1.0)
    return dict(zip(names, limits.tolist(), strict=True))


def _inside(number: Floats, group: tuple[int, int]) -> Flags:
    found: Flags = (number >= group[0]) & (number <= group[1])
    return found


def _named(low: int, high: int) -> str:
    """The exposure of so many options, against the fewest."""
    more = "" if low == high < MOST else "_or_more" if high == MOST else f"_to_{high}"
    return f"options_{low}{more}"


def _groups(ahead: Ahead, number: Floats) -> list[tuple[int, int]]:
    """Numbers of options from and to, put together from the top until each group has enough.

    Enough are 20 deals that ended in no decision after such a day, and 20 that did not.
    """
    found: list[tuple[int, int]] = []
    high = MOST
    for low in range(MOST, -1, -1):
        of = _inside(number, (low, high))
        ended = ahead.deals_ended("no_decision", of)
        if min(ended, ahead.rows.loc[of, "deal_id"].nunique() - ended) >= LEAST_EVENTS:
            found.append((low, high))
            high = low - 1
    if found and high >= 0:
        # What is left below is too little by itself.
        found[-1] = (0, found[-1][1])
    return found[::-1]
