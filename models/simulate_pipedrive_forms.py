"""How Pipedrive writes ids, times, stages and records."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from models import simulate_words as words
from models.simulate_course import NEVER
from models.simulate_dice import Texts
from models.simulate_facts import Facts

Records = list[dict[str, Any]]
PIPELINE_ID, PIPELINE = 1, "Pipeline"
CURRENCY = "USD"
FIRST_IDS = {
    "user": 14_301_550,
    "organization": 1,
    "person": 1,
    "deal": 1,
    "stage": 1,
    "participant": 700,
    "deal_product": 2_001,
    "change": 4_000_001,
    "mail_message": 60_001,
    "mail_thread": 30_001,
    # Meetings are activities as all others are.
    "entry": 100_001,
    "meeting": 90_000_001,
}
LEAD_ID = "{:08x}-5f20-11ef-9c3d-{:012x}"
STAGES = pd.DataFrame(words.STAGES, columns=["label", "probability", "is_closed", "is_won"])
STATUS: Texts = np.select([STAGES["is_won"], STAGES["is_closed"]], ["Won", "Lost"], "Open")
# The endings that say more than that a deal is won or lost.
ENDED: Texts = np.array(
    [
        label if is_closed and label not in ("Closed Won", "Closed Lost") else None
        for label, _, is_closed, _ in words.STAGES
    ],
    dtype=object,
)


def ids(kind: str, numbers: npt.ArrayLike) -> npt.NDArray[np.object_]:
    """Ids of records of a kind by number; None for none."""
    at = np.asarray(numbers, dtype=np.int64)
    told = np.full(at.size, None, dtype=object)
    if kind == "lead":
        told[at >= 0] = [LEAD_ID.format(one * 2_654_435_761 % 2**32, one) for one in at[at >= 0]]
    else:
        told[at >= 0] = (FIRST_IDS[kind] + at[at >= 0]).tolist()
    return told


def moment(sec: pd.Series) -> pd.Series:
    """Times in UTC; None where there is none."""
    return _text(sec, "s").str.replace("T", " ")


def day(days: pd.Series) -> pd.Series:
    """Days; None where there is none."""
    return _text(days, "D")


def clock(sec: pd.Series) -> pd.Series:
    """The time of day to the minute."""
    return moment(sec).str[11:16]


def _text(values: pd.Series, unit: str) -> pd.Series:
    known = values.notna().to_numpy()
    text = np.full(len(values), None, dtype=object)
    stamps = values.to_numpy()[known].astype(np.int64).astype(f"datetime64[{unit}]")
    text[known] = np.datetime_as_string(stamps)
    return pd.Series(text, values.index, dtype="object")


def records(**columns: Any) -> Records:
    """One mapping a record, of plain values; what is not known is null."""
    plain = [
        [None if value is None or value != value else value for value in pd.Series(column).tolist()]
        for column in columns.values()
    ]
    return [dict(zip(columns, row, strict=True)) for row in zip(*plain, strict=True)]


def strangers_from(facts: Facts) -> int:
    """The number of the first person who is only a lead: after all contacts there are."""
    return int(facts.contacts["number"].max()) + 1 if len(facts.contacts) else 0


def people_of_leads(facts: Facts, leads: pd.DataFrame) -> pd.DataFrame:
    """Those behind leads that have not become deals, as further contacts."""
    alone = leads[leads["contact"] == NEVER].reset_index(drop=True)
    return pd.DataFrame(
        {
            "number": strangers_from(facts) + alone["number"],
            "account": NEVER,
            "name": alone["name"],
            "title": None,
            "email": [f"lead{one}@prospect.example" for one in alone["number"]],
            "created": alone["created"],
        }
    )
