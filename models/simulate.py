"""A simulated company with known truth, exported as a CRM would export it.

    history = simulate(Company(seed=7, deals=500))
    write(history, folder)                       # a Salesforce export as at the company's end
    write(history, folder, "hubspot", until=some_earlier_moment)  # HubSpot's, as it then stood

`history.truth` says what each buyer was like and what each deal would have become had its seller
let it go, or chased it, from the first indecision signal on.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from models.simulate_acts import acts
from models.simulate_answers import answers
from models.simulate_company import Company, Mess
from models.simulate_course import NEVER
from models.simulate_deals import book
from models.simulate_entries import entries
from models.simulate_facts import Facts
from models.simulate_hubspot import write_lists as write_hubspot_lists
from models.simulate_hubspot_forms import ids as hubspot_ids
from models.simulate_litter import littered
from models.simulate_people import people
from models.simulate_pipedrive import write_lists as write_pipedrive_lists
from models.simulate_pipedrive_forms import ids as pipedrive_ids
from models.simulate_run import happened
from models.simulate_salesforce import write_parts
from models.simulate_salesforce_ids import ids as salesforce_ids
from models.simulate_scenarios import SCENARIOS, Scenario, UnknownScenario, scenario
from models.simulate_states import states
from models.simulate_truth import summary, truth

__all__ = [
    "SCENARIOS",
    "Company",
    "Crm",
    "History",
    "Mess",
    "Scenario",
    "UnknownScenario",
    "scenario",
    "simulate",
    "write",
    "write_hubspot",
    "write_pipedrive",
    "write_salesforce",
    "write_sample",
]

SAMPLE_REPLICATES = 4
Crm = Literal["salesforce", "hubspot", "pipedrive"]
# How each CRM makes ids, and what it calls deals, accounts and sellers.
NAMES: dict[Crm, tuple[Callable[[str, Any], Any], str, str, str]] = {
    "salesforce": (salesforce_ids, "Opportunity", "Account", "User"),
    "hubspot": (hubspot_ids, "deal", "company", "owner"),
    "pipedrive": (pipedrive_ids, "deal", "organization", "user"),
}


@dataclass(frozen=True, eq=False)
class History:
    """The facts of a company, whatever CRM tells them, and the truth behind them.

    `truth` has one row a deal, under the ids of a Salesforce export; `summary` has the average
    effects.
    """

    facts: Facts
    numbered_truth: pd.DataFrame
    summary: dict[str, Any]

    @property
    def company(self) -> Company:
        """The company whose history it is."""
        return self.facts.company

    @property
    def truth(self) -> pd.DataFrame:
        """One row a deal, under the ids of a Salesforce export."""
        return self.truth_beside("salesforce")

    def truth_beside(self, crm: Crm) -> pd.DataFrame:
        """One row a deal, under the ids that a CRM's export gives them."""
        told = self.numbered_truth
        ids, deal, account, seller = NAMES[crm]
        parent = pd.Series(ids(deal, told["parent_id"].clip(lower=0)), told.index)
        return told.assign(
            deal_id=ids(deal, told["deal_id"]),
            parent_id=parent.where(told["parent_id"] != NEVER),
            account_id=ids(account, told["account_id"]),
            seller_id=ids(seller, told["seller_id"]),
        )


def simulate(company: Company, replicates: int = 1) -> History:
    """The history of a company. More replicates make the true chances in `truth` less noisy."""
    course = happened(company)
    numbered = book(course)
    everyone = people(course, numbered)
    facts = Facts(
        company=company,
        accounts=everyone.accounts,
        users=everyone.users,
        contacts=everyone.contacts,
        roles=everyone.roles,
        leads=everyone.leads,
        **states(course, numbered, everyone),
        **entries(course, numbered, everyone, acts(course, numbered, everyone)),
        answers=answers(course, numbered),
    )
    table = truth(course, numbered, replicates)
    return History(littered(facts), table, summary(company, table))


def write_salesforce(history: History, folder: Path, until: datetime | None = None) -> list[Path]:
    """Write the export taken at `until` (else at the company's end) as two zips; their paths."""
    return write_parts(history.facts, folder, _moment(history, until))


def write_hubspot(
    history: History, folder: Path, until: datetime | None = None, *, labels: bool = False
) -> list[Path]:
    """Write the same as HubSpot would export it, by internal names or by labels; the paths."""
    return write_hubspot_lists(history.facts, folder, _moment(history, until), labels=labels)


def write_pipedrive(history: History, folder: Path, until: datetime | None = None) -> list[Path]:
    """Write the same as lists and dumps of Pipedrive; the paths."""
    return write_pipedrive_lists(history.facts, folder, _moment(history, until))


def write(
    history: History, folder: Path, crm: Crm = "salesforce", until: datetime | None = None
) -> list[Path]:
    """Write the export of any of the CRMs."""
    writers: dict[Crm, Callable[[History, Path, datetime | None], list[Path]]] = {
        "salesforce": write_salesforce,
        "hubspot": write_hubspot,
        "pipedrive": write_pipedrive,
    }
    return writers[crm](history, folder, until)


def write_sample(
    folder: Path, crm: Crm = "salesforce", company: Company | None = None
) -> list[Path]:
    """Write a company: the export, and in `truth/` what a reader must not see.

    Without a company it is the sample, whose truth has no more columns than its file in data/.
    """
    history = simulate(company or Company(), SAMPLE_REPLICATES)
    paths = write(history, folder, crm)
    beside = folder / "truth"
    beside.mkdir(parents=True, exist_ok=True)
    told = history.truth_beside(crm)
    if company is None:
        told = told.drop(columns=told.filter(regex="^(revenue|hours)_if_").columns)
    text = told.to_csv(index=False, lineterminator="\n")
    table, overview = beside / "truth.csv.gz", beside / "truth.json"
    table.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    overview.write_text(json.dumps(history.summary, indent=2) + "\n", encoding="utf-8")
    return [*paths, table, overview]


def _moment(history: History, until: datetime | None) -> int:
    """When an export is taken, in epoch seconds."""
    at = until or history.company.end
    if at.tzinfo is None:
        raise ValueError(f"until={at} has no time zone; give it in UTC")
    return int(at.timestamp())
