"""Answers of simulated companies: none unless asked for, and told alike by records and exports."""

import zipfile

import pandas as pd
import pytest

from models.simulate import Company, Mess, simulate, write
from models.simulate_answers import ELEMENTS
from tests.proofs import direct


@pytest.fixture(scope="module")
def history():
    mess = Mess(**{**vars(Mess.none()), "owner_changes": True, "merged_records": True})
    return simulate(Company(deals=150, sellers=6, months=12, qualification=True, mess=mess))


def test_nobody_fills_in_fields_unless_asked_to():
    company = Company(deals=40, sellers=3, months=6, mess=Mess.none())
    assert simulate(company).facts.answers.empty


def test_an_element_is_answered_once_on_an_open_deal(history):
    rows = history.facts.answers
    assert len(rows) > 100
    assert set(rows["field"]) == {field for _, field, _ in ELEMENTS}
    assert not rows.duplicated(["deal", "field"]).any()
    deals = history.facts.deals.drop_duplicates("number").set_index("number")
    assert (rows["created"] >= rows["deal"].map(deals["created"])).all()


def test_the_export_tells_what_the_records_hold(history, tmp_path):
    paths = write(history, tmp_path)
    found = []
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if "OpportunityFieldHistory" in name:
                    found.append(pd.read_csv(archive.open(name), dtype=str))
    told = pd.concat(found).drop_duplicates("Id")
    assert set(told["Field"]) == {"Owner", *(field for _, field, _ in ELEMENTS)}
    until = history.company.end_sec
    known = history.facts.answers
    known = known[known["created"] <= until]
    assert told["Field"].value_counts().drop("Owner").to_dict() == (
        known["field"].value_counts().to_dict()
    )
    shaped = direct.shaped(history.facts)["qualification"]
    assert len(shaped) == len(known)
