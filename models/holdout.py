"""Which flagged deals are worked as if they had no flag, so that scores can be judged at all.

A seller who lets go of what is flagged makes the flag come true. A random share of flagged deals is
marked "pursue anyway"; what becomes of them says what the scores are worth.
"""

import hashlib
from collections.abc import Iterable, Mapping


def lot(deal_id: str, seed: int) -> float:
    """The deal's lot in [0, 1): the same for the same seed, whatever deals there are beside it."""
    drawn = hashlib.sha256(f"{seed}:{deal_id}".encode()).digest()[:8]
    return int.from_bytes(drawn, "big") / 2**64


def held_out(
    flagged: Iterable[str], known: Mapping[str, bool], share: float, seed: int
) -> dict[str, bool]:
    """The mark of each deal that has ever been flagged.

    `known` are the marks of deals flagged on an earlier night: they stay, whatever `share` is now.
    A deal in `flagged` that is new gets its mark by lot.
    """
    return {
        **{deal_id: share > 0 and lot(deal_id, seed) < share for deal_id in flagged},
        **known,
    }
