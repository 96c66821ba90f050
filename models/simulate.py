"""A simulated company with known truth, exported as a Salesforce Data Export.

    history = simulate(Company(seed=7, deals=500))
    write_salesforce(history, folder)                       # as at the company's end
    write_salesforce(history, folder, until=some_earlier_moment)  # as it then stood

`history.truth` says what each buyer was like and what each deal would have become had its seller
let it go, or chased it, from the first indecision signal on.
"""

import gzip
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd

from models.simulate_activities import activities
from models.simulate_acts import acts
from models.simulate_company import Company, Mess
from models.simulate_deals import book
from models.simulate_people import people
from models.simulate_records import records
from models.simulate_run import happened
from models.simulate_salesforce import write_parts
from models.simulate_truth import summary, truth

__all__ = ["Company", "History", "Mess", "simulate", "write_salesforce", "write_sample"]

SAMPLE_REPLICATES = 4


@dataclass(frozen=True, eq=False)
class History:
    """All records of a company as versions (object name -> frame), and the truth behind them.

    A version stands from `_sec` on. `truth` has one row a deal, `summary` the average effects.
    """

    company: Company
    objects: dict[str, pd.DataFrame]
    truth: pd.DataFrame
    summary: dict[str, Any]


def simulate(company: Company, replicates: int = 1) -> History:
    """The history of a company. More replicates make the true chances in `truth` less noisy."""
    course = happened(company)
    numbered = book(course)
    everyone = people(course, numbered)
    objects = {
        **everyone.objects,
        **records(course, numbered, everyone),
        **activities(course, numbered, everyone, acts(course, numbered, everyone)),
    }
    table = truth(course, numbered, replicates)
    return History(company, objects, table, summary(company, table))


def write_salesforce(history: History, folder: Path, until: datetime | None = None) -> list[Path]:
    """Write the export taken at `until` (else at the company's end) as two zips; their paths."""
    return write_parts(
        history.objects,
        folder,
        until or history.company.end,
        overlap=history.company.mess.overlapping_parts,
    )


def write_sample(folder: Path) -> list[Path]:
    """Write the sample company: the zips, and in `truth/` what a reader must not see."""
    history = simulate(Company(), SAMPLE_REPLICATES)
    paths = write_salesforce(history, folder)
    beside = folder / "truth"
    beside.mkdir(parents=True, exist_ok=True)
    text = history.truth.to_csv(index=False, lineterminator="\n")
    table, overview = beside / "truth.csv.gz", beside / "truth.json"
    table.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    overview.write_text(json.dumps(history.summary, indent=2) + "\n", encoding="utf-8")
    return [*paths, table, overview]
