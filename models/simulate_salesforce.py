"""Writes a history as the zips of a Salesforce Data Export.

Every record is kept as its versions, so an export of any past moment holds exactly the rows, and
the values, that stood then.
"""

import csv
import zipfile
from datetime import datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from models.simulate_dice import Ints

DIGITS = np.array(list("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
CHECKS = np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"))
ORGANISATION = "00D5g000004XaBq"
INSTANCE = "5g00000"
PREFIXES = {
    "Account": "001",
    "Contact": "003",
    "User": "005",
    "Opportunity": "006",
    "OpportunityHistory": "008",
    "Lead": "00Q",
    "Task": "00T",
    "Event": "00U",
    "OpportunityContactRole": "00K",
    "OpportunityStage": "01J",
    "OpportunityCompetitor": "00J",
    "EmailMessage": "02s",
    "Quote": "0Q0",
}
DATES = {"CloseDate", "ActivityDate", "ConvertedDate", "Return_Date__c"}
TIMES = {
    "CreatedDate",
    "LastModifiedDate",
    "SystemModstamp",
    "LastStageChangeDate",
    "CompletedDateTime",
    "ActivityDateTime",
    "StartDateTime",
    "EndDateTime",
    "MessageDate",
}
# Which objects each zip holds; tasks are in both.
PARTS = (
    ("Account", "Contact", "Event", "Lead", "Opportunity", "OpportunityHistory", "Task"),
    (
        "EmailMessage",
        "OpportunityCompetitor",
        "OpportunityContactRole",
        "OpportunityStage",
        "Quote",
        "Task",
        "User",
    ),
)
OVERLAP = 0.05
ZIP_TIME = (2026, 7, 1, 0, 0, 0)


def ids(kind: str, serial: Ints) -> pd.Series:
    """18-character ids of records of a kind, from their numbers in order of creation."""
    places = 62 ** np.arange(4, -1, -1)
    digits = (np.asarray(serial)[:, None] // places) % 62
    head = PREFIXES[kind] + INSTANCE
    checks = "".join(_check(head[start : start + 5]) for start in (0, 5))
    is_upper = (digits >= 10) & (digits < 36)
    last = CHECKS[(is_upper * (1 << np.arange(5))).sum(axis=1)]
    tails = [DIGITS[digits[:, place]] for place in range(5)]
    text = np.char.add(np.char.add(np.char.add(tails[0], tails[1]), tails[2]), tails[3])
    text = np.char.add(np.char.add(np.char.add(head, text), tails[4]), checks)
    return pd.Series(np.char.add(text, last), dtype="object")


def _check(five: str) -> str:
    return str(CHECKS[sum(1 << place for place, c in enumerate(five) if "A" <= c <= "Z")])


def export_rows(versions: pd.DataFrame, until_sec: int) -> pd.DataFrame:
    """The rows of one object as they stood at a moment, as text, in order of id."""
    seen = versions[versions["_sec"] <= until_sec]
    rows = seen.sort_values(["Id", "_sec"], kind="stable").drop_duplicates("Id", keep="last")
    rows = rows.assign(SystemModstamp=rows["_sec"])
    if "LastModifiedDate" in rows:
        rows["LastModifiedDate"] = rows["_sec"]
    return pd.DataFrame({name: _text(rows[name]) for name in rows if name != "_sec"})


def _text(column: pd.Series) -> pd.Series:
    if column.name in DATES | TIMES:
        unit, end = ("D", "") if column.name in DATES else ("s", ".000Z")
        known = column.notna().to_numpy()
        text = np.full(len(column), None, dtype=object)
        stamps = column.to_numpy()[known].astype(np.int64).astype(f"datetime64[{unit}]")
        text[known] = np.char.add(np.datetime_as_string(stamps), end)
        return pd.Series(text, column.index)
    if column.dtype == bool:
        return column.map({True: "true", False: "false"})
    return column


def write_parts(
    objects: dict[str, pd.DataFrame], folder: Path, until: datetime, *, overlap: bool
) -> list[Path]:
    """Write both zips of an export taken at `until`; the same rows give the same bytes.

    With `overlap` the second zip repeats some tasks of the first.
    """
    if until.tzinfo is None:
        raise ValueError(f"until={until} has no time zone; give it in UTC")
    until_sec = int(until.timestamp())
    tables = {kind: export_rows(versions, until_sec) for kind, versions in objects.items()}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, kinds in enumerate(PARTS, start=1):
        path = folder / f"WE_{ORGANISATION}_{number}.ZIP"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for kind in kinds:
                entry = zipfile.ZipInfo(f"{kind}.csv", ZIP_TIME)
                entry.compress_type = zipfile.ZIP_DEFLATED
                entry.external_attr = 0o644 << 16
                archive.writestr(
                    entry, _csv(_share(tables[kind], kind, number, overlap)), compresslevel=6
                )
        paths.append(path)
    return paths


def _share(rows: pd.DataFrame, kind: str, number: int, overlap: bool) -> pd.DataFrame:
    """Tasks are cut in two; the second part may repeat the end of the first."""
    if kind != "Task":
        return rows
    half = len(rows) // 2
    repeated = int(half * OVERLAP) if overlap else 0
    return rows.iloc[:half] if number == 1 else rows.iloc[half - repeated :]


def _csv(rows: pd.DataFrame) -> bytes:
    buffer = BytesIO()
    rows.to_csv(
        buffer,
        index=False,
        lineterminator="\r\n",
        encoding="utf-8",
        float_format="%.2f",
        quoting=csv.QUOTE_ALL,
    )
    return buffer.getvalue()
