"""Files for the importers of CRMs: five columns, flags that are lifted again, nothing to run."""

import csv
import io
import shutil
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from pipelines import ledger, worklist
from pipelines.settings import Settings as Defaults
from pipelines.settings import SettingsError, load
from reports.crm_out import destinations, write
from reports.formats import Formats
from reports.language import Words
from reports.marts import Marts
from reports.views import View

EXPORTS = Path(__file__).parent / "exports"
SETTINGS = Defaults().model_dump(mode="json")
OPPORTUNITY = "0065g0000000000AAA"


def view(sources=("hubspot", "pipedrive", "salesforce", "sheet"), settings=SETTINGS, **more):
    run = {"as_of": "2026-06-30", "sources": list(sources), "settings": settings, **more}
    return View(Words.read("en"), Formats("EUR"), run)


def flagged(deal_id, move="disqualify", risk=0.625, reasons="a word", **more):
    row = {
        "deal_id": deal_id,
        "account": "A",
        "team": None,
        "amount_base": 1.0,
        "p_no_decision": risk,
        "p_no_decision_if_pursued": risk,
        "move": move,
        "reasons": reasons,
        "question": "still_wanted",
        "is_flagged": True,
    }
    return {**row, **more}


def lifted(deal_id, status="open", risk=0.21):
    return {
        "deal_id": deal_id,
        "status": status,
        "flagged_on": pd.Timestamp("2026-06-29"),
        "p_no_decision": 0.1,
        "p_no_decision_if_pursued": risk,
    }


def files(folder, rows=(), lifts=(), **more):
    """The text of each file that these deals give."""
    frames = {"worklist": pd.DataFrame(rows), "flags_lifted": pd.DataFrame(lifts)}
    write(Marts(frames), view(**more), folder / "crm")
    found = sorted((folder / "crm").glob("*")) if (folder / "crm").exists() else []
    return {path.name: path.read_bytes().decode("utf-8") for path in found}


DEALS = [
    flagged("salesforce:0065g0000000002AAC", "help_decide", 0.625, "Days of silence: 12"),
    flagged("salesforce:0065g0000000001AAB", risk=None, reasons="분기말, 응답 없음"),
    flagged("salesforce:0065g0000000003AAD", "keep", is_flagged=False),
    flagged("hubspot:9981", "pursue_anyway", 0.90001),
    flagged("pipedrive:41", risk=1e-9),
    flagged("sheet:D-1"),
]
LIFTS = [
    lifted("salesforce:0065g0000000000AAA"),
    lifted("pipedrive:7", "won"),
]


def test_each_file_as_its_importer_gets_it(tmp_path):
    assert files(tmp_path, DEALS, LIFTS) == {
        "salesforce.csv": (
            "Id,NoDecision_Risk__c,NoDecision_Move__c,NoDecision_Reasons__c,NoDecision_As_Of__c\n"
            "0065g0000000000AAA,0.2100,keep,No longer flagged; last flagged on 2026-06-29,"
            "2026-06-30\n"
            '0065g0000000001AAB,,disqualify,"분기말, 응답 없음",2026-06-30\n'
            "0065g0000000002AAC,0.6250,help_decide,Days of silence: 12,2026-06-30\n"
        ),
        "hubspot.csv": (
            "Record ID,No Decision Risk,No Decision Move,No Decision Reasons,No Decision As Of\n"
            "9981,0.9000,pursue_anyway,"
            '"Held out by lot, so that scores can be judged: pursue it as if it had no flag. '
            'Flagged for: a word",2026-06-30\n'
        ),
        "pipedrive.csv": (
            "Deal - ID,Deal - No Decision Risk,Deal - No Decision Move,"
            "Deal - No Decision Reasons,Deal - No Decision As Of\n"
            "41,0.0000,disqualify,a word,2026-06-30\n"
            "7,,ended,Has ended; last flagged on 2026-06-29,2026-06-30\n"
        ),
    }


def test_the_order_of_rows_does_not_matter(tmp_path):
    (tmp_path / "other").mkdir()
    assert files(tmp_path, DEALS, LIFTS) == files(tmp_path / "other", DEALS[::-1], LIFTS[::-1])


def test_nothing_flagged_is_a_file_with_its_header(tmp_path):
    found = files(tmp_path, sources=["pipedrive"])
    assert list(found) == ["pipedrive.csv"]
    assert len(found["pipedrive.csv"].splitlines()) == 1


def test_a_source_that_is_no_crm_of_ours_gets_no_file(tmp_path):
    assert files(tmp_path, DEALS, sources=["sheet", "zoho", "bpic2012"]) == {}
    assert not (tmp_path / "crm").exists()


def test_a_replayed_night_is_nothing_to_import(tmp_path):
    assert files(tmp_path, DEALS, is_replayed=True) == {}


@pytest.mark.parametrize(
    "deal_id",
    [
        "salesforce:Acme / Roof / 2026-01-05",
        "salesforce:0065g0000000000",
        "hubspot:Roof sensors",
        "pipedrive:41; drop",
        "pipedrive:",
    ],
)
def test_a_deal_known_by_name_alone_has_no_row(tmp_path, deal_id):
    assert all(len(text.splitlines()) == 1 for text in files(tmp_path, [flagged(deal_id)]).values())


@pytest.mark.parametrize(
    "hostile",
    [
        '=HYPERLINK("http://x","y")',
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        ' "a",\r\n=cmd|x',
        "plain\n0065g0000000009AAA,1",
    ],
)
def test_hostile_words_stay_text_in_their_cell(tmp_path, hostile):
    rows = [flagged(f"salesforce:{OPPORTUNITY}", reasons=hostile, account=hostile, name=hostile)]
    lines = list(csv.reader(io.StringIO(files(tmp_path, rows)["salesforce.csv"], newline="")))
    assert len(lines) == 2
    crm_id, risk, move, reasons, as_of = lines[1]
    assert (crm_id, float(risk), move, as_of) == (OPPORTUNITY, 0.625, "disqualify", "2026-06-30")
    assert reasons[0] not in "=+-@\t\r"
    assert " ".join(hostile.split()) in reasons


def test_no_file_has_a_column_beyond_the_five(tmp_path):
    rows = [{**row, "secret": "42", "seller_id": "005x"} for row in DEALS]
    for name, text in files(tmp_path, rows, LIFTS).items():
        fields = SETTINGS["crm_out"][name.removesuffix(".csv")]
        lines = list(csv.reader(io.StringIO(text)))
        assert lines[0] == [fields[key] for key in ("id", "risk", "move", "reasons", "as_of")]
        assert {len(line) for line in lines} == {5}
        assert "42" not in text and "005x" not in text


def test_ids_are_those_that_importers_know(told, folder, tmp_path):
    """Of exports: 18 letters of Salesforce, also where a report gave 15; numbers of the others."""
    for export in ("salesforce/report", "hubspot/labels", "pipedrive/labels"):
        shutil.copytree(EXPORTS / export, folder / export)
    rows = told(folder).rows("select deal_id from core.deals order by 1")
    found = files(tmp_path, [flagged(deal_id) for (deal_id,) in rows])
    ids = {
        name: [line.split(",")[0] for line in text.splitlines()[1:]] for name, text in found.items()
    }
    assert len(rows) == sum(map(len, ids.values())) == 13
    assert {len(crm_id) for crm_id in ids["salesforce.csv"]} == {18}
    assert all(crm_id.isdigit() for crm_id in ids["hubspot.csv"] + ids["pipedrive.csv"])


def written(tmp_path, text):
    place = tmp_path / "nodecision.toml"
    place.write_text(text, encoding="utf-8")
    return load(place)


def test_settings_name_the_fields_and_what_clears_them(tmp_path):
    said = '[crm_out.salesforce]\nrisk = "Stall__c"\nempty = "#N/A"\n'
    settings = written(tmp_path, said).model_dump(mode="json")
    found = files(tmp_path, [flagged(f"salesforce:{OPPORTUNITY}", risk=None)], settings=settings)
    assert found["salesforce.csv"].startswith("Id,Stall__c,NoDecision_Move__c,")
    assert f"\n{OPPORTUNITY},#N/A,disqualify," in found["salesforce.csv"]


@pytest.mark.parametrize(
    "said", ['risk = "=cmd"', 'risk = ""', 'risk = "Record ID"', 'risk = "a\\nb"', "secret = 1"]
)
def test_a_name_that_no_importer_could_know_is_refused(tmp_path, said):
    with pytest.raises(SettingsError, match="crm_out"):
        written(tmp_path, f"[crm_out.hubspot]\n{said}\n")


def test_a_mistake_names_its_line(tmp_path):
    with pytest.raises(SettingsError, match=r"line 4: crm_out\.hubspot\.risk"):
        written(tmp_path, '[crm_out]\nclear_days = 9\n[crm_out.hubspot]\nrisk = "=x"\n')


def test_pages_lead_to_the_files_that_there_are():
    assert list(destinations(view(["sheet", "hubspot", "salesforce"]))) == ["salesforce", "hubspot"]


# One night after the other, as the worklist and the ledger see them.


def night(con, home, as_of, risks, clear_days=30):
    """The files of a night on which deals stand at these risks (None: closed as won)."""
    days = f"date_diff('day', date '1970-01-01', date '{as_of}')"
    deals = pd.DataFrame(
        {
            "deal_id": list(risks),
            "source_id": [deal_id.partition(":")[2] for deal_id in risks],
            "source": [deal_id.partition(":")[0] for deal_id in risks],
            "status": ["won" if risk is None else "open" for risk in risks.values()],
            "risk": pd.Series(risks.values(), dtype=float),
        }
    )
    con.register("deals", deals)
    for table, query in {
        "core.parameters": f"select cast({days} as integer) as as_of_day",
        "core.deals": "select * exclude risk, 'n' as name, 'a' as account_id, 's' as seller_id, "
        "'p' as pipeline, 'x' as stage, 1.0 as amount_base from deals",
        "core.accounts": "select 'a' as account_id, 'A' as name",
        "core.sellers": "select 's' as seller_id, 't' as team",
        "core.outcomes": "select deal_id, status as outcome, null::timestamp as stalled_at "
        "from deals",
        "core.stall_thresholds": "select '' as source, '' as pipeline, '' as stage, 20 as g_days",
        "features.snapshots": "select deal_id, 0 as week, 3.0 as silence_days, "
        "0 as touches_since_sign_of_life, 40 as age_days, 1.0 as amount from deals",
        "features.frontier_points": "select '' as deal_id, 0 as snapshot_day, 28 as day, "
        "1.0 as amount, 1 as followup_days, 1 as days_to_win, 1 as walk_days, 1.0 as hours "
        "where false",
        "marts.past_scores": "select '' as deal_id, 0 as snapshot_day, "
        "0.1 as p_no_decision_if_pursued, 0.1 as p_won_if_pursued where false",
        "marts.break_even": "select 'too_few' as verdict",
        "marts.model_card": "select 'published_model' as key, 'logit' as value",
        "marts.stall_scores": "select deal_id, 90 as horizon_days, risk as p_no_decision, "
        "risk as p_no_decision_if_pursued, 0.1 as p_won, 0.1 as p_won_if_pursued, "
        "0.1 as p_lost_to_competitor, 0.1 as p_disqualified, 0.1 as p_other, "
        "null::varchar as drivers from deals where risk is not null",
    }.items():
        con.execute(f"create or replace table {table} as {query}")
    con.unregister("deals")
    settings = Defaults.model_validate({"crm_out": {"clear_days": clear_days}})
    asked = SimpleNamespace(
        settings=settings, as_of_date=None, places=SimpleNamespace(ledger=home / "ledger")
    )
    worklist.run(con, asked)
    ledger.remember(con, home / "ledger", as_of, f"run{len(risks)}", is_replayed=False)
    frames = {name: con.sql(f"from marts.{name}").df() for name in ("worklist", "flags_lifted")}
    folder = home / as_of
    folder.mkdir()
    write(Marts(frames), view(sorted(set(deals["source"])), as_of=as_of), folder / "crm")
    return {
        path.stem: [line.split(",")[:3] for line in path.read_text("utf-8").splitlines()[1:]]
        for path in sorted((folder / "crm").glob("*"))
    }


def test_a_flag_that_is_lifted_is_cleared_the_night_after(con, tmp_path):
    first = night(con, tmp_path, "2026-06-01", {"hubspot:1": 0.8, "hubspot:2": 0.2})
    assert first == {"hubspot": [["1", "0.8000", "help_decide"]]}
    second = night(con, tmp_path, "2026-06-02", {"hubspot:1": 0.3, "hubspot:2": 0.2})
    assert second == {"hubspot": [["1", "0.3000", "keep"]]}


def test_a_file_that_was_not_imported_is_made_up_for_by_later_ones(con, tmp_path):
    night(con, tmp_path, "2026-06-01", {"hubspot:1": 0.8})
    night(con, tmp_path, "2026-06-02", {"hubspot:1": 0.3})
    third = night(con, tmp_path, "2026-06-20", {"hubspot:1": None, "hubspot:9": 0.3})
    assert third == {"hubspot": [["1", "", "ended"]]}
    assert night(con, tmp_path, "2026-07-20", {"hubspot:1": 0.3}, clear_days=10) == {"hubspot": []}


def test_a_deal_that_was_merged_or_deleted_has_no_record_to_write_to(con, tmp_path):
    night(con, tmp_path, "2026-06-01", {"hubspot:1": 0.8, "hubspot:2": 0.1})
    assert night(con, tmp_path, "2026-06-02", {"hubspot:2": 0.1}) == {"hubspot": []}


def test_a_source_that_was_away_is_cleared_when_it_is_back(con, tmp_path):
    night(con, tmp_path, "2026-01-01", {"pipedrive:1": 0.8})
    away = night(con, tmp_path, "2026-06-02", {"hubspot:1": 0.1})
    assert away == {"hubspot": []}
    back = night(con, tmp_path, "2026-06-03", {"pipedrive:1": 0.1, "hubspot:1": 0.1})
    assert back == {"hubspot": [], "pipedrive": [["1", "0.1000", "keep"]]}


def test_two_runs_of_one_day_are_both_remembered(con, tmp_path):
    night(con, tmp_path, "2026-06-01", {"hubspot:1": 0.8})
    (tmp_path / "2026-06-01").rename(tmp_path / "first")
    night(con, tmp_path, "2026-06-01", {"hubspot:1": 0.1, "hubspot:2": 0.1})
    assert night(con, tmp_path, "2026-06-02", {"hubspot:1": 0.1}) == {
        "hubspot": [["1", "0.1000", "keep"]]
    }
