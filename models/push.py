"""Does pushing a silent buyer help or harm? Unanswered touches, pressing for time, discounts.

Sellers push what already stalls: silence, unanswered touches and stalls rise together even where
touches do nothing, and the stall rule itself reads silence. So what is asked of a week is first
whether the buyer *answers* in it (shows life, or decides), and weeks are compared beside equal
silence, in narrow bands, by what was pushed in the week before they began. A touch soon after a
buyer's word answers it, and goes with what was said; so only weeks count before which the buyer had
been silent for a fortnight: a touch of the week before them came after a week of silence at least.
When it falls follows from when the one before it was, and that from how the buyer spoke last, so
weeks are also compared beside the days since the touch before: where that came before the silence,
beside how long before. A deal left alone for weeks before its buyer last spoke had been quiet, is
touched less, and its buyer may only have said that it would be later.
Chances are compared as ratios (Poisson with errors by seller: Zou, American Journal of Epidemiology
159, 2004). Beside that stand the hazard of ending in no decision over the quarter after
(models.afterwards), and what an incautious eye sees in all open weeks.

Within the deal, a week is compared with the one two weeks earlier in the same silence, so that
whatever stays as it is about buyer, deal and seller is the same on both sides (case-crossover:
Maclure, American Journal of Epidemiology 133, 1991). An answer ends the silence, so what comes
before it can only be compared with what came earlier still, and where sellers touch ever less (or
more) as silence lasts, earlier weeks differ even if touches do nothing. Weeks of the same length of
silence without an answer have the same trend and no answer: what the pair shows in them is taken
off (case-time-control: Suissa, Epidemiology 6, 1995).
"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from models.afterwards import Ahead
from models.associations import (
    LEAST_EVENTS,
    LEAST_SELLERS,
    WEEK_DAYS,
    Association,
    adjusted_for,
)
from models.propensity import Codes, Flags, Floats, codes

SILENT_DAYS = 14
MOST, MOST_SO_FAR = 3, 8  # touches of a week, and since the last sign of life, told apart
FAR_DAYS = 16  # since the touch before the push, told apart by two days
BEFORE_DAYS = (3, 7, 14, 28)  # from a touch before the silence to the word that it began with
MOST_BEFORE = 4  # touches of a silence before the push, told apart
BANDS = 16  # of silence, as many weeks in each
QUARTER_BINS = 5  # 13 weeks ahead
TREND_DAYS = (35, 49)  # of silence: the trend in touches may differ between these
MORE = ("replies_all", "meetings_held", "touches_before")
PLAIN = ("meetings_booked", "commitments_buyer_overdue", "has_sign_of_life", "chased_before")
APART = ("silence_band", "touch_band", "chased_band")
EXPOSURES = ("touches", "touches_urgent", "discounts")
COLUMNS = [
    *("method", "outcome", "exposure", "ratio", "low", "high", "p"),
    *("deals", "weeks", "exposed_share", "sellers", "events", "exposed_events", "verdict"),
]
KINDS = {
    **dict.fromkeys(COLUMNS, "float64"),
    **dict.fromkeys(("method", "outcome", "exposure", "verdict"), "str"),
    **dict.fromkeys(("deals", "weeks", "sellers", "events", "exposed_events"), "int64"),
}
Row = dict[str, object]


def push(
    weeks: pd.DataFrame, deals: pd.DataFrame, stalls: pd.DataFrame, as_of_day: int
) -> pd.DataFrame:
    """Ratios by method, outcome and exposure, as COLUMNS.

    `weeks` are rows of features.push_weeks with those of features.snapshots. Verdicts are `more`,
    `fewer` or `nothing` (where the interval holds 1); `too_few` without a number below 10 sellers
    or 20 events with or without the exposure; `not_recorded` where no week has it; `constant` where
    all have.
    """
    told = weeks[weeks["is_watched"].fillna(False).astype(bool)].reset_index(drop=True)
    silent = _silent(told)
    ahead = Ahead.of(_silent(weeks), deals, stalls, as_of_day, more=(*MORE, *PLAIN), apart=APART)
    rows = [
        *_naive(told),
        *_answers(silent),
        *_endings(ahead),
        _within(silent),
    ]
    return pd.DataFrame(rows, columns=COLUMNS).astype(KINDS)


def _silent(weeks: pd.DataFrame) -> pd.DataFrame:
    """Weeks that began in silence, with what else they are adjusted for."""
    found = weeks[weeks["silence_days"] >= SILENT_DAYS].reset_index(drop=True)
    silence = found["silence_days"].to_numpy(dtype=np.float64)
    touched = pd.to_numeric(found["last_touch_days"]).to_numpy(dtype=np.float64, na_value=np.inf)
    pushed = silence - WEEK_DAYS  # when the week of the push began
    within = np.minimum(touched, FAR_DAYS) // 2
    before = -1 - np.searchsorted(BEFORE_DAYS, touched - pushed, side="right")
    since = np.where(touched < pushed, within, before)
    chased = (found["touches_so_far"] - found["touches"]).fillna(0)
    edges = np.unique(np.quantile(silence, np.arange(1, BANDS) / BANDS)) if len(found) else silence
    return found.assign(
        silence_band=np.searchsorted(edges, silence, side="right").astype(str),
        touch_band=since.astype(np.int64).astype(str),
        touches_before=found["touches_all"] - found["touches_so_far"],
        chased_before=found["touches_so_far"] - found["touches"],
        chased_band=np.clip(chased, 0, MOST_BEFORE).astype(np.int64).astype(str),
        has_sign_of_life=found["has_sign_of_life"].astype("float64"),
    )


def _exposures(weeks: pd.DataFrame) -> dict[str, Floats]:
    """Touches counted; whether any of them pressed, or anything was offered for less."""
    told = {name: weeks[name].fillna(0).to_numpy(dtype=np.float64) for name in EXPOSURES}
    return {
        "touches": np.clip(told["touches"], 0, MOST),
        **{name: (told[name] > 0).astype(np.float64) for name in EXPOSURES[1:]},
    }


def _sellers(weeks: pd.DataFrame) -> Codes:
    return codes(weeks["seller_id"].astype("object").fillna("").astype(str))


def _row(
    weeks: pd.DataFrame, event: Flags, exposed: Flags, sellers: Codes, named: Mapping[str, str]
) -> Row:
    """Counts of one row, and whether they are enough; without a number yet."""
    events, of_exposed = int(event.sum()), int(event[exposed].sum())
    many = int(sellers.max()) + 1 if len(sellers) else 0
    few = many < LEAST_SELLERS or min(of_exposed, events - of_exposed) < LEAST_EVENTS
    verdict = "too_few" if few else "ok"
    if not exposed.any():
        verdict = "not_recorded"
    elif exposed.all():
        verdict = "constant"
    return {
        **named,
        **{"deals": weeks["deal_id"].nunique(), "weeks": len(weeks), "sellers": many},
        "exposed_share": float(exposed.mean()) if len(exposed) else np.nan,
        **{"events": events, "exposed_events": of_exposed, "verdict": verdict},
    }


def _told(row: Row, fitted: Association, name: str) -> None:
    """Put the ratio of one more, its interval and what that says into a row."""
    ratio, low, high, p = fitted.ratio({name: 1.0})
    verdict = "more" if low > 1 else "fewer" if high < 1 else "nothing"
    row |= {"ratio": ratio, "low": low, "high": high, "p": p, "verdict": verdict}


def _naive(weeks: pd.DataFrame) -> list[Row]:
    """What meets the eye: all open weeks by the touches since the last sign of life."""
    touches = weeks["touches_so_far"].fillna(0).to_numpy(dtype=np.float64)
    touches, sellers = np.clip(touches, 0, MOST_SO_FAR), _sellers(weeks)
    rows = []
    for outcome, event in (
        ("answer", weeks["is_answered"].to_numpy(dtype=bool)),
        ("no_decision", weeks["ending"].eq("no_decision").fillna(False).to_numpy(dtype=bool)),
    ):
        named = {"method": "naive", "outcome": outcome, "exposure": "touches_so_far"}
        row = _row(weeks, event, touches > 0, sellers, named)
        if row["verdict"] == "ok":
            nothing, ones = np.zeros((len(weeks), 0)), np.ones(len(weeks))
            fitted = Association.fitted({"all": touches}, nothing, event, sellers, ones)
            _told(row, fitted, "all")
        rows.append(row)
    return rows


def _answers(silent: pd.DataFrame) -> list[Row]:
    """The chance of an answer within the week, beside equal silence and all else."""
    event, sellers = silent["is_answered"].to_numpy(dtype=bool), _sellers(silent)
    exposures = _exposures(silent)
    rows = {
        name: _row(
            silent,
            event,
            values > 0,
            sellers,
            {"method": "equal_silence", "outcome": "answer", "exposure": name},
        )
        for name, values in exposures.items()
    }
    if any(row["verdict"] == "ok" for row in rows.values()):
        adjust = adjusted_for(silent, more=(*MORE, *PLAIN), apart=APART)
        varying = {name: values for name, values in exposures.items() if np.ptp(values) > 0}
        fitted = Association.fitted(varying, adjust, event, sellers, np.ones(len(silent)))
        for name, row in rows.items():
            if row["verdict"] == "ok":
                _told(row, fitted, name)
    return list(rows.values())


def _endings(ahead: Ahead) -> list[Row]:
    """The hazard of ending in no decision over the quarter after, beside equal silence."""
    lines, of = ahead.lines, ahead.rows
    near = np.flatnonzero(lines.bin < QUARTER_BINS)
    event = ahead.ended("no_decision")[near]
    row_of = lines.row[near]
    sellers = ahead.sellers[row_of]
    exposures = {name: values[row_of] for name, values in _exposures(of).items()}
    ended = np.zeros(len(of), dtype=bool)
    ended[row_of[event]] = True
    ended_deals = of["deal_id"].where(pd.Series(ended, of.index))
    rows = {}
    for name, values in _exposures(of).items():
        named = {"method": "equal_silence", "outcome": "no_decision", "exposure": name}
        row = _row(of, ended, values > 0, ahead.sellers, named)
        # A deal that ends so does it after several weeks, and counts once.
        exposed, others = (ended_deals[side].nunique() for side in (values > 0, ~(values > 0)))
        row |= {"events": ended_deals.nunique(), "exposed_events": exposed}
        if row["verdict"] == "ok" and min(exposed, others) < LEAST_EVENTS:
            row["verdict"] = "too_few"
        rows[name] = row
    if any(row["verdict"] == "ok" for row in rows.values()):
        varying = {name: values for name, values in exposures.items() if np.ptp(values) > 0}
        fitted = Association.fitted(varying, ahead.adjust[near], event, sellers, ahead.weeks[near])
        for name, row in rows.items():
            if row["verdict"] == "ok":
                _told(row, fitted, name)
    return list(rows.values())


def _within(silent: pd.DataFrame) -> Row:
    """An answer by touches of the week before, against two weeks earlier in the same silence.

    Conditional logistic regression of pairs: the chance that of two weeks the later is the one with
    more touches. The trend that pairs without an answer show is taken off, by length of silence.
    """
    pairs = silent[silent["touches_then"].notna()].reset_index(drop=True)
    now, then = (
        np.clip(pairs[name].to_numpy(dtype=np.float64), 0, MOST)
        for name in ("touches", "touches_then")
    )
    more = now - then
    pairs, more = pairs[more != 0].reset_index(drop=True), more[more != 0]
    event, sellers = pairs["is_answered"].to_numpy(dtype=bool), _sellers(pairs)
    named = {"method": "within_deal", "outcome": "answer", "exposure": "touches"}
    row = _row(pairs, event, more > 0, sellers, named)
    if row["verdict"] != "ok":
        return row
    band = np.searchsorted(TREND_DAYS, pairs["silence_days"].to_numpy(), side="right")
    trend = more[:, None] * (band[:, None] == np.arange(len(TREND_DAYS) + 1))
    # Each pair stands once either way round: no side is the later one by itself.
    fitted = Association.fitted(
        {"touches": np.concatenate([more * event, -more * event])},
        np.vstack([trend, -trend]),
        np.repeat([True, False], len(more)),
        np.concatenate([sellers, sellers]),
    )
    _told(row, fitted, "touches")
    return row
