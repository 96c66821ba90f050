"""The course of a company's deals, day by day: arrivals, buyers, sellers, and a log of it all.

One run is one course of events. The course that happened is logged; courses in which every deal is
let go, or chased, from its first indecision signal on are run again with the same dice, from the
same arrivals, and give the potential outcomes.
"""

from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from models.simulate_company import Company, Sellers
from models.simulate_dice import Dice, Flags, Floats, Ints

Policy = Literal["natural", "let_go", "chased", "kept"]
Column = npt.NDArray[Any]

WON, COMPETITOR, TOLD_NO, SILENT, DISQUALIFIED, SELLER_DROP, CLEANUP = range(1, 8)
NO_PLAN, WALK, CHASE, WAIT = range(4)
NO_SIGNAL, PUSH, LATER, SILENCE, OVERSTAY = range(5)
NEVER = -1
LAST_STAGE = 7
SOURCES = ("Web", "Phone Inquiry", "Partner Referral", "Purchased List", "Trade Show", "Other")
SOURCE_QUALITY = np.array([0.0, 0.15, 0.5, -0.6, 0.1, -0.1])

# One row a deal: who the buyer is, what they are up to, what the CRM could show of it.
FIELDS: dict[str, tuple[str, float]] = {
    "key": ("i8", 0),
    "account": ("i8", 0),
    "seller": ("i8", 0),
    "parent": ("i8", NEVER),
    "root": ("i8", NEVER),
    "created": ("i8", 0),
    "amount": ("f8", 0),
    "source": ("i8", 0),
    "quality": ("f8", 0),
    "urgency": ("f8", 0),
    "indecision": ("f8", 0),
    "misfit": ("?", 0),
    "policy": ("i8", 0),
    "replicate": ("i8", 0),
    "start_stage": ("i8", 0),
    "start_engaged": ("?", 0),
    "stage": ("i8", 0),
    "stage_on": ("i8", 0),
    "engaged": ("?", 0),
    "drift_on": ("i8", NEVER),
    "alive": ("?", 1),
    "open": ("?", 1),
    "closed_on": ("i8", NEVER),
    "ending": ("i8", 0),
    "return_on": ("i8", NEVER),
    "close_next": ("i8", NEVER),
    "close_as": ("i8", 0),
    "first_life": ("i8", NEVER),
    "life_on": ("i8", NEVER),
    "replies": ("i8", 0),
    "contacts": ("i8", 1),
    "quotes": ("i8", 0),
    "rivals": ("i8", 0),
    "touches": ("i8", 0),
    "touch_next": ("i8", 0),
    "touch_1": ("i8", NEVER),  # the last days with a touch, latest first
    "touch_2": ("i8", NEVER),
    "touch_3": ("i8", NEVER),
    "pushes": ("i8", 0),
    "expected": ("i8", 0),
    "commit_due": ("i8", NEVER),
    "bound_until": ("i8", NEVER),
    "answers": ("i8", 0),
    "signal_on": ("i8", NEVER),
    "signal": ("i8", 0),
    "plan": ("i8", 0),
    "walk_on": ("i8", NEVER),
    "walk_chance": ("f8", np.nan),
}
POLICIES: tuple[Policy, ...] = ("natural", "let_go", "chased", "kept")


class Deals:
    """Columns of deals that grow as deals arrive; `len` is how many there are."""

    def __init__(self) -> None:
        self._size = 0
        self._columns = {
            name: np.full(1024, default, kind) for name, (kind, default) in FIELDS.items()
        }

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, name: str) -> Column:
        return self._columns[name][: self._size]

    def add(self, many: int, **values: npt.ArrayLike) -> Ints:
        """New rows; columns that are not given take their default. Gives the rows' numbers."""
        first, last = self._size, self._size + many
        room = len(self._columns["key"])
        if last > room:
            for name, (kind, default) in FIELDS.items():
                more = np.full(max(last - room, room), default, kind)
                self._columns[name] = np.concatenate([self._columns[name], more])
        for name, value in values.items():
            self._columns[name][first:last] = value
        self._size = last
        return np.arange(first, last)


class Course:
    """One course of events: the deals, the dice, and the log."""

    def __init__(self, company: Company, dice: Dice, sellers: Sellers, *, log: bool) -> None:
        self.company = company
        self.dice = dice
        self.people = Dice(company.seed, "people")
        self.sellers = sellers
        self.deals = Deals()
        self.said_later: list[Ints] = []  # deals whose buyer said 'later' today
        self._log: dict[str, list[tuple[int, Ints, npt.ArrayLike]]] | None = {} if log else None

    def note(self, kind: str, day: int, rows: Ints, value: npt.ArrayLike = 0) -> None:
        """Log that something happened to deals on a day; `value` is one whole number a deal.

        The arrays are kept, not copied: nobody may write into them afterwards.
        """
        if self._log is not None and rows.size:
            self._log.setdefault(kind, []).append((day, rows, value))

    def log(self, kind: str) -> tuple[Ints, Ints, Ints]:
        """Day, deal and value of everything of a kind, in order of day."""
        entries = (self._log or {}).get(kind, [])
        if not entries:
            empty = np.zeros(0, dtype=np.int64)
            return empty, empty, empty
        days, rows, values = zip(*entries, strict=True)
        many = [some.size for some in rows]
        each = [np.broadcast_to(one, size) for one, size in zip(values, many, strict=True)]
        return np.repeat(days, many), np.concatenate(rows), np.concatenate(each).astype("i8")

    def chance(self, rows: Ints, salt: str, day: int | Ints) -> Floats:
        """Uniform draws that belong to the buyers behind these deals and to the day."""
        return self.dice.uniform(self.deals["key"][rows], salt, day)

    def chances(self, rows: Ints, salts: tuple[str, ...], day: int) -> Floats:
        """What `chance` gives for each of several salts, one row a salt."""
        return self.dice.uniforms(self.deals["key"][rows], salts, day)

    def once(self, rows: Ints, salt: str) -> Floats:
        """Uniform draws that belong to each deal as a whole."""
        return self.chance(rows, salt, self.deals["created"][rows])

    def good_fit(self, rows: Ints) -> npt.NDArray[np.bool_]:
        """Buyers whom walking away may stir: no misfit, and better than most.

        Where the source tells: no misfit, and from a source that is better than most.
        """
        d = self.deals
        is_better: npt.NDArray[np.bool_] = (
            SOURCE_QUALITY[d["source"][rows]] > 0.05
            if self.company.fit_by_source
            else d["quality"][rows] > 0.2
        )
        return ~d["misfit"][rows] & is_better

    def has_incumbent(self, accounts: Ints) -> Flags:
        """Which accounts have a supplier already: those whose record names one."""
        found: Flags = self.people.uniform(accounts, "has incumbent") <= 0.45
        return found

    def close(self, day: int, rows: Ints, ending: npt.ArrayLike) -> None:
        """End deals in the CRM. Whether their buyers live on is not the CRM's to say."""
        if not rows.size:
            return
        d = self.deals
        d["open"][rows] = False
        d["closed_on"][rows] = day
        d["ending"][rows] = ending
        self.note("close", day, rows, d["ending"][rows])


def is_business_day(day: int) -> bool:
    """Monday to Friday; 1970-01-01 was a Thursday."""
    return (day + 3) % 7 < 5


def month_end(day: Ints) -> Ints:
    """The last day of the month of each day."""
    months = day.astype("datetime64[D]").astype("datetime64[M]")
    last: Ints = (months + 1).astype("datetime64[D]").astype(np.int64) - 1
    return last
