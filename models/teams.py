"""Which teams may be shown: none that is so small that its figures are those of a person."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

LEAST_SELLERS = 3
POOLED = "\0small teams"  # no team of an export is called so


@dataclass(frozen=True)
class Teams:
    """`shown` teams in order, `hidden` ones with the reason, and what each team is shown as.

    Teams of fewer than three sellers are taken together; where even these are fewer, the smallest
    other team joins them, since what all teams but one are says what the one is. A reason is
    'would_name', 'shown_together' (for the team that joins), or 'not_recorded' of sellers' teams.
    """

    shown: tuple[str, ...]
    hidden: Mapping[str, str]
    shown_as: Mapping[str, str]

    @classmethod
    def of(cls, waits: pd.DataFrame, walks: pd.DataFrame, *, name_sellers: bool) -> "Teams":
        """The teams of sellers who have deals in either table; '' is having none."""
        both = pd.concat([frame[["team", "seller_id"]] for frame in (waits, walks)])
        sizes = both.assign(team=both["team"].fillna("")).groupby("team")["seller_id"].nunique()
        if not any(sizes.index):
            return cls((), {}, {})
        if name_sellers:
            return cls(tuple(sizes.index), {}, {name: name for name in sizes.index})
        ordered = sizes.sort_index().sort_values(kind="stable")
        small = list(ordered.index[ordered < LEAST_SELLERS])
        hidden = dict.fromkeys(small, "would_name")
        if small and ordered[small].sum() < LEAST_SELLERS:
            joining = ordered.index[len(small) : len(small) + 1]
            hidden |= dict.fromkeys(joining, "shown_together")
        shown = [name for name in sizes.index if name not in hidden]
        shown_as = {name: name for name in shown}
        if sizes[list(hidden)].sum() >= LEAST_SELLERS:
            shown.append(POOLED)
            shown_as |= dict.fromkeys(hidden, POOLED)
        return cls(tuple(shown), hidden, shown_as)

    def of_rows(self, rows: pd.DataFrame) -> pd.Series:
        """What the team of each row is shown as; null where it is not."""
        return rows["team"].fillna("").map(dict(self.shown_as)).astype("object")
