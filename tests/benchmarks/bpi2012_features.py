"""The project's features of a deal as they stood at each event of the BPI 2012 log.

Definitions follow features.snapshots and features.seller_past (touch, reply, sign of life, silence,
options, stage, past rates), with the moment of an event in the place of the end of a week. Nothing
that happened after the event is read, of its own case or of any other.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from bpi2012_log import Meaning

Floats = npt.NDArray[np.float64]
Marks = npt.NDArray[np.bool_]

SECONDS_A_DAY = 86_400.0
# Cases are laid one after the other on one line of time, this many days apart.
APART = 100_000.0
# As settings.prior_deals: how many deals the bank's average weighs in a person's past rates.
PRIOR_DEALS = 10.0
WINDOWS = (1, 7, 14, 30)
RECENT_DAYS = 14.0
ZONE = "Europe/Amsterdam"
RESULTS = ("won", "no_decision", "disqualified")
# A call or piece of work of this many minutes counts as one in which somebody was spoken to; one
# that stayed open overnight counts as an hour.
TALK_MINUTES, LONG_WORK = 3.0, 60.0
LIFECYCLES = ("SCHEDULE", "START", "COMPLETE")
# The bank's work, and what the features call it.
WORK = {
    "W_Completeren aanvraag": "completing",
    "W_Nabellen offertes": "chasing",
    "W_Nabellen incomplete dossiers": "papers",
    "W_Valideren aanvraag": "assessing",
}


def days(moments: pd.Series) -> Floats:
    """Days since 1970 of a column of moments; NaN for none."""
    stamps = moments.dt.tz_convert(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(stamps), np.nan, stamps.astype(np.int64) / 1e6 / SECONDS_A_DAY)


class Course:
    """Events by case and then by time, and what had happened up to and with each of them."""

    def __init__(self, events: pd.DataFrame) -> None:
        self.code = events["case"].factorize()[0]
        self.day = days(events["at"])
        self.place = self.code * APART + self.day - self.day.min(initial=np.inf)

    def count(self, what: npt.ArrayLike) -> Floats:
        """The running sum of `what` within the case."""
        return pd.Series(np.asarray(what, float)).groupby(self.code).cumsum().to_numpy()

    def last(self, values: npt.ArrayLike, where: Marks) -> Floats:
        """The value at the latest event so far where `where` holds; NaN before the first."""
        held = pd.Series(np.where(where, values, np.nan), dtype=float)
        return held.groupby(self.code).ffill().to_numpy()

    def first(self, values: npt.ArrayLike, where: Marks) -> Floats:
        """The value at the first event where `where` holds; NaN before it."""
        return self.last(values, where & (self.count(where) == 1))

    def since(self, where: Marks) -> Floats:
        """Days since the latest such event so far; NaN before the first."""
        return self.day - self.last(self.day, where)

    def within(self, where: Marks, span: float) -> Floats:
        """How many such events there were so far in the last `span` days."""
        before = np.concatenate([[0], np.cumsum(where)])
        start = np.searchsorted(self.place, self.place - span, side="right")
        return (before[1:] - before[start]).astype(float)


@dataclass(frozen=True)
class Ends:
    """The applications of the whole log that ended: when, how, and whose they were by then."""

    case: npt.NDArray[np.object_]
    day: Floats
    result: npt.NDArray[np.int64]
    seller: npt.NDArray[np.object_]
    began_at: Floats

    @classmethod
    def of(cls, log: pd.DataFrame, meaning: Meaning) -> "Ends":
        """All endings of a log in order of time, by its first outcome event."""
        ends = log[log["name"].isin(meaning.outcomes)].groupby("case", sort=False).head(1)
        ended = ends.set_index("case")["at"]
        people = log[log["resource"].notna() & ~log["resource"].isin(meaning.automata)]
        people = people[people["at"] <= people["case"].map(ended)]
        seller = people.groupby("case")["resource"].first()
        results = ends["name"].map(meaning.outcomes).map(RESULTS.index)
        return cls(
            ends["case"].to_numpy(dtype=object),
            days(ends["at"]),
            results.to_numpy(dtype=np.int64),
            ends["case"].map(seller).to_numpy(dtype=object),
            np.sort(days(log.groupby("case")["at"].min())),
        )

    def before(self, chosen: Marks, at: Floats) -> Floats:
        """How many of the chosen cases had ended before each moment, by result."""
        found = [
            np.searchsorted(self.day[chosen & (self.result == n)], at, side="left")
            for n in range(len(RESULTS))
        ]
        return np.column_stack(found).astype(float)


def _own(ends: Ends, case: npt.NDArray[np.object_], at: Floats) -> tuple[Floats, pd.Series]:
    """Each row's own ending where it came before the row's moment, by result; and its seller."""
    place = pd.Series(np.arange(len(ends.case)), index=ends.case)
    own = pd.Series(case).map(place)
    known = own.notna().to_numpy()
    row = own.fillna(0).to_numpy(dtype=np.int64)
    ended = known & (ends.day[row] < at) if len(ends.day) else known
    counts = np.zeros((len(case), len(RESULTS)))
    counts[np.flatnonzero(ended), ends.result[row[ended]]] = 1.0
    return counts, pd.Series(np.where(ended, ends.seller[row] if len(ends.day) else None, None))


def past(
    ends: Ends, person: npt.NDArray[np.object_], case: npt.NDArray[np.object_], at: Floats
) -> tuple[Floats, Floats]:
    """Shares of won, no decision and disqualified in a person's past, and how many deals it has.

    Only cases that had ended before the moment count, never the row's own; shares are drawn
    towards the bank's own past by PRIOR_DEALS deals. NaN where no person is known yet.
    """
    own, own_seller = _own(ends, case, at)
    bank = ends.before(np.ones(len(ends.day), bool), at) - own
    counts = np.full((len(at), len(RESULTS)), np.nan)
    for name in pd.unique(pd.Series(person).dropna()):
        rows = person == name
        mine = ends.before(ends.seller == name, at[rows])
        counts[rows] = mine - own[rows] * (own_seller[rows] == name).to_numpy()[:, None]
    total = counts.sum(axis=1)
    ended = bank.sum(axis=1, keepdims=True)
    prior = np.divide(bank, ended, out=np.full_like(bank, np.nan), where=ended > 0)
    return (PRIOR_DEALS * prior + counts) / (PRIOR_DEALS + total)[:, None], total


def _people(
    events: pd.DataFrame, course: Course, meaning: Meaning, ends: Ends
) -> dict[str, Floats]:
    """The seller (first person on the case), who acts now, and what their earlier deals came to."""
    person = events["resource"].where(~events["resource"].isin(meaning.automata))
    codes, names = person.factorize()
    is_person = codes >= 0
    roles = {
        "seller": course.first(codes, is_person),
        "person": course.last(codes, is_person),
    }
    case = events["case"].to_numpy(dtype=object)
    found: dict[str, Floats] = {}
    for role, code in roles.items():
        known = ~np.isnan(code)
        who = np.full(len(code), None, dtype=object)
        who[known] = names.to_numpy(dtype=object)[code[known].astype(int)]
        shares, n = past(ends, who, case, course.day)
        found[f"{role}_closed_before"] = n
        for place, result in enumerate(RESULTS):
            found[f"{role}_{result}_rate"] = shares[:, place]
    is_new = ~pd.DataFrame({"case": case, "who": codes}).duplicated().to_numpy() & is_person
    found["people"] = course.count(is_new)
    found["person_is_seller"] = np.where(is_person, roles["seller"] == roles["person"], np.nan)
    return found


def _work(events: pd.DataFrame, course: Course) -> dict[str, Floats]:
    """Each kind of the bank's work: how often done, how far the present one is, hours spent."""
    found: dict[str, Floats] = {}
    name, cycle = events["name"].to_numpy(), events["lifecycle"].to_numpy()
    steps = sum((cycle == word) * (n + 1.0) for n, word in enumerate(LIFECYCLES))
    for activity, word in WORK.items():
        is_it = name == activity
        # A piece of work ends at its first COMPLETE after a START; how long it took shows whether
        # anybody was reached.
        started = course.since(is_it & (cycle == "START"))
        done = is_it & (cycle == "COMPLETE") & ~np.isnan(started)
        minutes = started * 24 * 60
        found[f"{word}_done"] = course.count(done)
        found[f"{word}_state"] = np.nan_to_num(course.last(steps, is_it))
        found[f"days_since_{word}"] = course.since(is_it)
        found[f"{word}_minutes_last"] = course.last(minutes, done)
        found[f"{word}_minutes"] = course.count(np.where(done, np.minimum(minutes, LONG_WORK), 0.0))
        found[f"{word}_talks"] = course.count(done & (minutes >= TALK_MINUTES))
    return found


def _bank(ends: Ends, course: Course) -> dict[str, Floats]:
    """How busy the bank is, and how its deals have ended lately."""
    everybody = np.ones(len(ends.day), bool)
    now = ends.before(everybody, course.day)
    lately = now - ends.before(everybody, course.day - RECENT_DAYS)
    total = lately.sum(axis=1)
    shares = np.divide(
        lately, total[:, None], out=np.full_like(lately, np.nan), where=total[:, None] > 0
    )
    began = np.searchsorted(ends.began_at, course.day, side="left")
    return {
        "open_deals": began - now.sum(axis=1),
        **{f"bank_{r}_rate_lately": shares[:, n] for n, r in enumerate(RESULTS)},
    }


def features(log: pd.DataFrame, cases: pd.Series, meaning: Meaning) -> pd.DataFrame:
    """What was known of these cases at each of their events; the index is the event's line.

    `log` as bpi2012_log.ordered gives it, with all cases of the bank.
    """
    events = log[log["case"].isin(cases)].sort_values(["case", "at", "line"], ignore_index=True)
    course = Course(events)
    ends = Ends.of(log, meaning)
    name = events["name"]
    acts = pd.Series(list(zip(name, events["lifecycle"], strict=True)))
    by_person = ~events["resource"].isin(meaning.automata).to_numpy()
    touch = acts.isin(list(meaning.touches)).to_numpy() & by_person
    call = acts.isin(list(meaning.calls)).to_numpy() & by_person
    reply = acts.isin(list(meaning.replies)).to_numpy()
    offered = name.isin(meaning.options).to_numpy()
    withdrawn = name.isin(meaning.withdrawals).to_numpy()
    order = name.map(meaning.stages).to_numpy(dtype=float)
    is_stage = ~np.isnan(order)
    every = np.ones(len(events), bool)
    created = days(events["created_at"])
    age = course.day - created
    reached = course.last(order, is_stage)
    gap = np.where(course.count(every) > 1, np.diff(course.day, prepend=course.day[:1]), 0.0)
    local = events["at"].dt.tz_convert(ZONE)
    began = events["created_at"].dt.tz_convert(ZONE)
    replies = course.count(reply)
    touches = course.count(touch)
    found = {
        "age_days": age,
        "amount": events["amount"].to_numpy(dtype=float),
        "stage_order": reached,
        "days_in_stage": course.since(is_stage),
        "stage_moves": course.count(is_stage) - 1,
        "touches_all": touches,
        **{f"touches_{n}d": course.within(touch, n) for n in WINDOWS},
        "calls_all": course.count(call),
        "replies_all": replies,
        **{f"replies_{n}d": course.within(reply, n) for n in WINDOWS},
        "days_since_touch": course.since(touch),
        "days_since_reply": course.since(reply),
        "silence_days": np.where(replies > 0, course.since(reply), age),
        "has_sign_of_life": (replies > 0).astype(float),
        "touches_since_sign_of_life": touches - np.nan_to_num(course.last(touches, reply)),
        "options_ours": np.maximum(course.count(offered) - course.count(withdrawn), 0.0),
        "options_made": course.count(offered),
        "options_withdrawn": course.count(withdrawn),
        "days_since_option": course.since(offered),
        "days_to_first_option": course.first(age, offered),
        "days_to_first_person": course.first(
            age, by_person & events["resource"].notna().to_numpy()
        ),
        "acts": course.count(every),
        "acts_1d": course.within(every, 1),
        "acts_7d": course.within(every, 7),
        "days_since_act": gap,
        "longest_gap_days": pd.Series(gap).groupby(course.code).cummax().to_numpy(),
        # No month and no week of the quarter: the log spans five months, each seen once.
        "weekday": local.dt.day_of_week.to_numpy(dtype=float),
        "hour": (local.dt.hour + local.dt.minute / 60).to_numpy(dtype=float),
        "created_weekday": began.dt.day_of_week.to_numpy(dtype=float),
        "created_hour": (began.dt.hour + began.dt.minute / 60).to_numpy(dtype=float),
        **_work(events, course),
        **_people(events, course, meaning, ends),
        **_bank(ends, course),
    }
    return pd.DataFrame(found, index=events["line"].to_numpy())
