"""What may make a clone leave its arm, in rows of days, and what the rows weigh.

A row is a step of a week: up to the first sign of life in it, or from then on. A strategy with a
deadline acts as sellers here do, ever more surely until it.
"""

from dataclasses import dataclass

import numpy as np

from models.courses import Courses
from models.propensity import Codes, Flags, Floats

LEAST_PROBABILITY = 1e-4  # of an act or its absence; weights are truncated well before it


@dataclass(frozen=True, eq=False)
class Act:
    """One way to leave an arm: where it was possible, and whether it was seen. (m,) each

    `week` counts from 0, `varying` (m, q) is what was known; `trials` are the days of a row, and
    `room` those from its start to the deadline, where there is one.
    """

    deal: Codes
    week: Codes
    varying: Floats
    happened: Flags
    trials: Floats
    room: Floats

    def left(self, shape: tuple[int, int]) -> Flags:
        """Where it was seen, by week. (n, K)"""
        found = np.zeros(shape, dtype=np.bool_)
        found[self.deal[self.happened], self.week[self.happened]] = True
        return found

    @classmethod
    def of(
        cls, courses: Courses, possible: Flags, first: Codes, end: Codes, seen: Flags, room: Codes
    ) -> "Act":
        """Rows of the steps with any day; the act, where seen, is on the last day of the last one.

        Weeks (n, K) in which it is `possible`, from day `first` to `end`; `room` counts from the
        start of the week.
        """
        days, start = courses.steps(first, end)
        deal, step = np.nonzero((days > 0) & np.repeat(possible, 2, axis=1))
        week = step // 2
        is_last = (step % 2 == 1) | (days[deal, np.minimum(step + 1, 2 * week + 1)] == 0)
        return cls(
            deal,
            week,
            courses.varying[deal, step],
            seen[deal, week] & is_last,
            days[deal, step].astype(np.float64),
            (room[deal, week] - start[deal, step]).astype(np.float64),
        )

    def stayed(self, probability: Floats) -> Floats:
        """One over the probability that a row passed without the act, 0 where it did not. (m,)"""
        stay = np.maximum((1 - probability) ** self.trials, LEAST_PROBABILITY)
        return np.where(self.happened, 0.0, 1 / stay)

    def in_time(self, probability: Floats) -> Floats:
        """What a row's days weigh under a strategy that has to act by the deadline. (m,)

        By day p / (1 - (1 - p)^r) over p for the act, and what is left over 1 - p without it; the
        product over a row telescopes. 0 where the deadline passed.
        """
        stay = np.log1p(-np.clip(probability, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY))
        before = -np.expm1(stay * self.room)
        after = np.where(self.happened, 1.0, -np.expm1(stay * (self.room - self.trials)))
        found: Floats = after / before
        return found
