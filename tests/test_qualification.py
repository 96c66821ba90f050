"""Qualification elements: which fields are some, and from which day an answer counts."""

import shutil
from pathlib import Path

import duckdb
import pytest

from pipelines import seeds, tables
from pipelines.night import RULES
from pipelines.settings import SettingsError, load

EXPORTS = Path(__file__).parent / "exports"


@pytest.fixture(scope="module")
def element_of():
    """The framework and element that a field's name tells, by the rules."""
    con = duckdb.connect()
    for schema in ("crm", "core"):
        con.execute(f"create schema {schema}")
    seeds.write(con, RULES, {"a": 1})
    con.execute(
        "create table crm.qualification (deal_id varchar, field varchar, value varchar, "
        "change_id varchar, answered_at timestamp, answered_sec bigint)"
    )
    con.execute("create table crm.deal_columns (source varchar, field varchar)")
    con.execute("create table core.removals (deal_id varchar, survivor_id varchar)")
    con.execute("create table core.parameters as select 9 as as_of_end_sec")
    con.execute(
        "create table core.deals as select 'd' as deal_id, 'crm' as source, 0 as created_sec, "
        "timestamp '1970-01-01' as created_at"
    )

    def element_of(field):
        con.execute("delete from crm.qualification")
        con.execute("insert into crm.qualification values ('d', $1, 'yes', '1', null, 1)", [field])
        tables.build(con, tables.queries()["core.qualification_fields"])
        found = con.sql(tables.queries()["core.qualification"].sql).fetchall()
        return tuple(found[0][1:3]) if found else None

    yield element_of
    con.close()


@pytest.mark.parametrize(
    ("field", "element"),
    [
        ("MEDDPICC_Metrics__c", ("meddpicc", "metrics")),
        ("MEDDIC Champion", ("meddpicc", "champion")),
        ("Economic_Buyer__c", ("meddpicc", "economic_buyer")),
        ("EconomicBuyer__c", ("meddpicc", "economic_buyer")),
        ("decision_criteria", ("meddpicc", "decision_criteria")),
        ("Identified_Pain__c", ("meddpicc", "pain")),
        ("Paper_Process__c", ("meddpicc", "paper_process")),
        ("Champion__c", ("meddpicc", "champion")),
        ("Budget_Confirmed__c", ("bant", "budget")),
        ("BANT_Authority__c", ("bant", "authority")),
        ("purchase_timeframe", ("bant", "timeline")),
        ("SPIN_Implication__c", ("spin", "implication")),
        ("Need_Payoff__c", ("spin", "need_payoff")),
        ("Challenger_Teach__c", ("challenger", "teach")),
        ("Required_Capabilities__c", ("command_of_the_message", "required_capabilities")),
        ("예산 확인", ("bant", "budget")),
        ("의사결정권자", ("bant", "authority")),
        # Names that look alike and are none: what is written at the end, sums, people.
        ("Lost_To_Competition__c", None),
        ("Closed_Lost_Reason__c", None),
        ("Competitor__c", None),
        ("Champion_Notes__c", None),
        ("Budget_Amount__c", None),
        ("Painting_Included__c", None),
        ("SpinOff__c", None),
        ("Authority_Delivery_Address__c", None),
        ("StageName", None),
        ("__c", None),
    ],
)
def test_names_of_fields(element_of, field, element):
    assert element_of(field) == element


def test_what_the_analyst_says_of_a_field_goes_before_the_rules(tmp_path):
    path = tmp_path / "nodecision.toml"
    path.write_text(
        '[qualification]\n"Cloud_Fit__c" = "our own.cloud"\n"Champion__c" = "none"\n'
        '"Power Sponsor" = " meddpicc.champion "\n',
        encoding="utf-8",
    )
    con = duckdb.connect()
    for schema in ("crm", "core"):
        con.execute(f"create schema {schema}")
    seeds.write(con, RULES, {"a": 1}, load(path).mappings())
    con.execute("create table crm.qualification (field varchar)")
    con.execute("create table crm.deal_columns (field varchar)")
    con.execute(
        "insert into crm.qualification values ('Cloud_Fit__c'), ('Champion__c'), ('Colour__c'), "
        "('power sponsor'), ('Economic_Buyer__c')"
    )
    con.execute("insert into crm.deal_columns values ('Cloud_Fit__c'), ('Identified_Pain__c')")
    found = con.sql(tables.queries()["core.qualification_fields"].sql).fetchall()
    assert sorted(found) == [
        ("Cloud_Fit__c", "our own", "cloud", True),
        ("Economic_Buyer__c", "meddpicc", "economic_buyer", True),
        ("Identified_Pain__c", "meddpicc", "pain", False),
        ("power sponsor", "meddpicc", "champion", True),
    ]


@pytest.mark.parametrize("said", ["champion", "meddpicc.", ".champion", "a.b.c", ""])
def test_a_field_that_is_no_element_names_its_line(tmp_path, said):
    path = tmp_path / "nodecision.toml"
    path.write_text(f'[qualification]\n"A__c" = "a.b"\n"B__c" = "{said}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"line 3: qualification.B__c = .*meddpicc.champion"):
        load(path)


@pytest.mark.parametrize(
    ("export", "file", "line", "deal"),
    [
        (
            "salesforce/data_export",
            "OpportunityFieldHistory.csv",
            '"01700000000009{n}AAA","0","006000000000001AAA","005000000000001AAA",'
            '"2024-02-0{n} 09:00:00","{field}","Text","","{value}"\n',
            "salesforce:006000000000001AAA",
        ),
        (
            "hubspot/internal",
            "property-history.csv",
            "{deal},{field},{value},2024-02-0{n}T09:00:00Z,CRM_UI,userId:1\n",
            None,
        ),
    ],
)
def test_answers_are_known_from_their_day(told, folder, export, file, line, deal):
    shutil.copytree(EXPORTS / export, folder, dirs_exist_ok=True)
    path = folder / file
    if deal is None:
        number = path.read_text(encoding="utf-8").splitlines()[1].split(",")[0]
        deal = f"hubspot:{number}"
    rows = (
        (1, "Champion__c", "Kim"),
        (2, "Champion__c", "Lee"),
        (3, "Champion__c", ""),
        (4, "Favourite_Colour__c", "red"),
    )
    with path.open("a", encoding="utf-8") as target:
        for n, field, value in rows:
            number = deal.split(":")[1]
            target.write(line.format(n=n, field=field, value=value, deal=number))
    core = told(folder)
    assert core.rows(
        "select deal_id, framework, element, cast(answered_at as date)::varchar, is_answered "
        "from core.qualification order by answered_at"
    ) == [
        (deal, "meddpicc", "champion", "2024-02-01", True),
        (deal, "meddpicc", "champion", "2024-02-03", False),
    ]
