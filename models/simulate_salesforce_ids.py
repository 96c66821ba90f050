"""Ids as Salesforce makes them."""

import numpy as np
import numpy.typing as npt
import pandas as pd

DIGITS = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
CHECKS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"))
INSTANCE = "5g00000"
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "OpportunityFieldHistory": "017",
    "CurrencyType": "01L",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "OpportunityContactRole": "00K",
    "OpportunityStage": "01J",
    "OpportunityCompetitor": "00J",
    "EmailMessage": "02s",
    "Quote": "0Q0",
}


def ids(kind: str, serial: npt.ArrayLike) -> pd.Series:
    """18-character ids of records of a kind, from their numbers in order of creation."""
    digits = (np.asarray(serial)[:, None] // 62 ** np.arange(4, -1, -1)) % 62
    head = PREFIXES[kind] + INSTANCE
    is_upper = (digits >= 10) & (digits < 36)
    characters = np.empty((len(digits), 18), dtype="<U1")
    characters[:, :10] = list(head)
    characters[:, 10:15] = DIGITS[digits]
    characters[:, 15:17] = [_check(head[start : start + 5]) for start in (0, 5)]
    characters[:, 17] = CHECKS[(is_upper * (1 << np.arange(5))).sum(axis=1)]
    return pd.Series(characters.view("<U18").ravel(), dtype="object")


def _check(five: str) -> str:
    return str(CHECKS[sum(1 << place for place, c in enumerate(five) if "A" <= c <= "Z")])
