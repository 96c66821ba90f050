"""The emulated trial: who is compared, on which day it starts, and what is followed."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
import numpy.typing as npt
import pandas as pd

from models import covariates as known
from models.effects import Outcome
from models.followup import known_weights
from models.propensity import SEED, Codes, Design, Flags, Floats, codes

COLUMNS = (
    *("deal_id", "seller_id", "signal_day", "strategy", "is_eligible", "ineligible_reason"),
    *("is_walked", "walk_day", "has_misfit", *known.COLUMNS),
    *("followup_days", "days_to_account_win", "revenue", "hours", "hours_logged_share"),
    *("days_to_decision", "is_bristled", "is_returned"),
)


class DecisionPointsError(ValueError):
    """Decision points that cannot be compared; the message names what is wrong and what to do."""


@dataclass(frozen=True)
class Rules:
    """The trial's settings, in days; draws and seed of the bootstrap by seller.

    More than `max_points` decision points are compared on a sample of sellers. The minima say when
    nothing is said: sellers in all and in each arm, events in each arm (wins, and deals followed to
    the horizon), and effective deals in each arm under overlap weights; the maxima are the shares
    of an arm without a counterpart in the other, for a statement about all deals and about the
    deals in doubt.
    """

    horizon_days: int = 180
    grace_days: int = 14
    chase_gap_days: int = 21
    chase_days: int = 90
    bristle_days: int = 30
    return_days: int = 365
    bootstrap_draws: int = 200
    max_points: int = 50_000
    seed: int = SEED
    min_sellers: int = 20
    min_sellers_arm: int = 10  # t(G-1) says nothing for an arm that a handful of sellers make up
    min_events: int = 50
    min_effective: float = 50.0
    max_outside_all: float = 0.35
    max_outside_doubt: float = 0.5

    @classmethod
    def of(cls, settings: Mapping[str, object]) -> "Rules":
        """The rules among the settings; other keys are not read, missing ones keep defaults."""
        given = {name: settings[name] for name in cls.__dataclass_fields__ if name in settings}
        usual = vars(cls())
        return cls(**{name: type(usual[name])(str(value)) for name, value in given.items()})

    @property
    def lowered(self) -> dict[str, tuple[float, float]]:
        """Gates that the settings made easier to pass: the one in force and the usual one."""
        usual = vars(type(self)())
        return {
            name: (value, usual[name])
            for name, value in vars(self).items()
            if (name.startswith("min_") and value < usual[name])
            or (name.startswith("max_outside") and value > usual[name])
        }


def check(points: pd.DataFrame) -> None:
    """Raises DecisionPointsError when a column is missing, or a key or arm is null or repeated."""
    missing = [name for name in COLUMNS if name not in points.columns]
    if missing:
        raise DecisionPointsError(
            f"features.decision_points lacks {', '.join(missing)}: build that table again"
        )
    if points["deal_id"].duplicated().any():
        twice = points.loc[points["deal_id"].duplicated(), "deal_id"].iloc[0]
        raise DecisionPointsError(
            f"features.decision_points has deal {twice} twice; it must hold one row a deal"
        )
    for name in ("is_eligible", "is_walked", "followup_days", "signal_day"):
        if points[name].isna().any():
            deal = points.loc[points[name].isna(), "deal_id"].iloc[0]
            raise DecisionPointsError(
                f"features.decision_points: {name} is null for deal {deal}; it must be known"
            )


def compared(points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """The eligible rows whose grace is over, ordered by deal.

    In both arms alike: among deals whose grace still runs only those let go have been seen to
    decide, so keeping them would fill the latest days with one arm. Above `max_points`, the deals
    of a sample of sellers (see `sampled`).
    """
    kept = sampled(eligible(points, rules), rules)
    return kept.sort_values("deal_id", kind="stable").reset_index(drop=True)


def eligible(points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """The eligible rows whose grace is over and whose seller is known."""
    rows = points["is_eligible"].astype(bool) & (points["followup_days"] >= rules.grace_days)
    return points[rows & points["seller_id"].notna()]


def sampled(points: pd.DataFrame, rules: Rules) -> pd.DataFrame:
    """All rows of whole sellers, as many as fit in `max_points`, in an order drawn from `seed`.

    The order is that of a hash of seed and seller, so that it is the same on any machine and a
    seller's place does not depend on who else is there.
    """
    if len(points) <= rules.max_points:
        return points
    sellers = points["seller_id"].astype(str)
    counts = sellers.value_counts()
    order = sorted(
        counts.index,
        key=lambda seller: blake2b(f"{rules.seed}:{seller}".encode(), digest_size=8).digest(),
    )
    fits = counts.loc[order].cumsum() <= rules.max_points
    taken = fits[fits].index if fits.any() else order[:1]
    return points[sellers.isin(taken)]


def numbers(points: pd.DataFrame, name: str) -> Floats:
    """A column as floats, NaN where null."""
    return pd.to_numeric(points[name]).to_numpy(dtype=np.float64, na_value=np.nan)


def flags(points: pd.DataFrame, name: str) -> Flags:
    """A column as truth values, false where null."""
    found: Flags = (numbers(points, name) > 0.5).astype(np.bool_)
    return found


@dataclass(frozen=True, eq=False)
class Trial:
    """Decision points as compared, with their design: 'walked away in the grace' against 'not'."""

    points: pd.DataFrame
    rules: Rules
    design: Design
    names: list[str]

    @classmethod
    def of(cls, points: pd.DataFrame, rules: Rules, leave_out: tuple[str, ...] = ()) -> "Trial":
        """A trial on rows that `compared` gave; ValueError when an arm is empty."""
        x, names = known.covariates(points, leave_out)
        design = Design(
            flags(points, "is_walked"),
            x,
            codes(points["seller_id"].astype(str)),
            rules.seed,
            np.array([not name.startswith("quarter=") for name in names], dtype=np.bool_),
        )
        return cls(points, rules, design, names)

    @property
    def arms(self) -> Codes:
        """1 for let go, 0 for not."""
        return self.design.treated.astype(np.intp)

    @property
    def followup(self) -> Floats:
        """Days from the signal to the end of the data."""
        return numbers(self.points, "followup_days")

    def win(self, horizon: int | None = None) -> Outcome:
        """Whether the account bought by the horizon."""
        horizon = self.rules.horizon_days if horizon is None else horizon
        days = numbers(self.points, "days_to_account_win")
        weights, _ = known_weights(days, self.followup, horizon, self.arms)
        return Outcome((days <= horizon).astype(np.float64), weights, is_binary=True)

    def days_to_decision(self) -> Outcome:
        """Days until the deal ended in any way, at most the horizon (a restricted mean)."""
        days = numbers(self.points, "days_to_decision")
        horizon = self.rules.horizon_days
        weights, _ = known_weights(days, self.followup, horizon, self.arms)
        return Outcome(np.fmin(days, horizon), weights, is_binary=False)

    def revenue(self) -> Outcome:
        """Revenue of the account's wins by the horizon, of deals followed that long.

        Only a win can have an unknown amount, so wins with one stand for those without.
        """
        values = numbers(self.points, "revenue")
        is_won = numbers(self.points, "days_to_account_win") <= self.rules.horizon_days
        is_followed = self.followup >= self.rules.horizon_days
        groups = 2 * self.arms + is_won
        weights = _standing_for(is_followed, np.isfinite(values) & is_followed, groups)
        return Outcome(
            np.nan_to_num(values), weights * self._followed(is_followed), is_binary=False
        )

    def hours(self, assumed_factor: float = 1.0) -> Outcome:
        """Seller hours on the account by the horizon, of deals followed that long.

        `assumed_factor` scales the part of the hours that was not logged but taken from the table.
        """
        values = numbers(self.points, "hours")
        logged = np.nan_to_num(numbers(self.points, "hours_logged_share"))
        values = values * (logged + (1 - logged) * assumed_factor)
        is_known = np.isfinite(values) & (self.followup >= self.rules.horizon_days)
        return Outcome(np.nan_to_num(values), self._followed(is_known), is_binary=False)

    def _followed(self, is_known: Flags) -> Floats:
        return _standing_for(np.ones(len(is_known), dtype=np.bool_), is_known, self.arms)


def _standing_for(rows: Flags, is_known: Flags, groups: npt.NDArray[np.intp]) -> Floats:
    """For each known row, rows of its group over known rows of its group; 0 for the others."""
    everyone = np.bincount(groups[rows], minlength=int(groups.max()) + 1)
    seen = np.bincount(groups[is_known], minlength=int(groups.max()) + 1)
    ratio = np.divide(everyone, seen, out=np.zeros(len(seen)), where=seen > 0)
    return np.where(is_known, ratio[groups], 0.0)
