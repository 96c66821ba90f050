"""Writes a company's facts as the zips of a Salesforce Data Export.

Every record is kept as its versions, so an export of any past moment holds exactly the rows, and
the values, that stood then.
"""

import csv
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from models.simulate_facts import Facts
from models.simulate_salesforce_litter import kept
from models.simulate_salesforce_rows import objects

ORGANISATION = "00D5g000004XaBq"
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
    (
        "Account",
        "Contact",
        "Event",
        "Lead",
        "Opportunity",
        "OpportunityFieldHistory",
        "OpportunityHistory",
        "Task",
    ),
    (
        "CurrencyType",
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


def write_parts(facts: Facts, folder: Path, until_sec: int) -> list[Path]:
    """Write both zips of an export taken at a moment; the same facts give the same bytes.

    In a company whose parts overlap, the second zip repeats some tasks of the first.
    """
    overlap = facts.company.mess.overlapping_parts
    told = objects(facts)
    if facts.company.mess.archived_activities:
        told = told | {kind: kept(told[kind], until_sec) for kind in ("Task", "Event")}
    tables = {kind: export_rows(versions, until_sec) for kind, versions in told.items()}
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, kinds in enumerate(PARTS, start=1):
        path = folder / f"WE_{ORGANISATION}_{number}.ZIP"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for kind in sorted(tables.keys() & set(kinds)):
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
