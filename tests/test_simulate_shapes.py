"""The simulated company as HubSpot and Pipedrive would export it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest

from models.simulate import Company, Mess, simulate, write, write_hubspot, write_pipedrive
from models.simulate_facts import standing
from models.simulate_hubspot import write_lists as write_hubspot_lists

SMALL = Company(seed=11, deals=400, sellers=9, months=16)
END = "2026-06-30T18:00:00.000Z"
EARLIER = datetime(2026, 1, 15, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def small():
    return simulate(SMALL)


def lists(folder):
    """Every list of a HubSpot or Pipedrive export, as text."""
    return {
        path.stem: pd.read_csv(path, dtype=str, na_filter=False) for path in folder.glob("*.csv")
    }


@pytest.fixture(scope="module")
def hubspot(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hubspot")
    write_hubspot(small, folder)
    return lists(folder)


@pytest.fixture(scope="module")
def hubspot_deals(hubspot):
    return hubspot["hubspot-crm-exports-all-deals"].set_index("hs_object_id")


def test_hubspot_deals_stand_as_their_history_ends(hubspot, hubspot_deals):
    history = hubspot["deal-property-history"]
    assert (history["Timestamp"] <= END).all()
    last = history.drop_duplicates(["Object ID", "Property"], keep="last")
    last = last.pivot_table(index="Object ID", columns="Property", values="Value", aggfunc="last")
    assert set(last.index) == set(hubspot_deals.index)
    last = last.loc[hubspot_deals.index]
    for name in ("dealstage", "amount", "hubspot_owner_id"):
        assert (last[name] == hubspot_deals[name]).all(), name
    assert (last["closedate"].str[:16].str.replace("T", " ") == hubspot_deals["closedate"]).all()


def test_hubspot_sets_the_close_date_to_now_on_closing(hubspot):
    history = hubspot["deal-property-history"]
    stages = hubspot["pipelines"].set_index("Stage ID")["Is closed"]
    moves = history[history["Property"] == "dealstage"]
    closings = moves[moves["Value"].map(stages) == "true"]
    dates = history[history["Property"] == "closedate"]
    both = closings.merge(dates, on=["Object ID", "Timestamp"], suffixes=("", "_date"))
    assert len(both) == len(closings) > 100
    assert (both["Value_date"] == both["Timestamp"]).all()
    # Some closings are dated back by hand, after that.
    last = dates.drop_duplicates("Object ID", keep="last")
    assert (last["Value"] < last["Timestamp"].str[:10]).any()


def test_hubspot_keeps_the_last_revisions_only(small, hubspot, tmp_path):
    write_hubspot_lists(small.facts, tmp_path, SMALL.end_sec, revisions=3)
    kept = lists(tmp_path)["deal-property-history"]
    whole = hubspot["deal-property-history"]
    key = ["Object ID", "Property"]
    assert whole.groupby(key).size().max() > 3
    assert kept.groupby(key).size().max() == 3
    pd.testing.assert_frame_equal(
        kept.sort_values([*key, "Timestamp"], ignore_index=True),
        whole.groupby(key).tail(3).sort_values([*key, "Timestamp"], ignore_index=True),
    )


def test_hubspot_ids_are_unique_and_references_resolve(hubspot, hubspot_deals):
    acts = [hubspot[kind] for kind in ("emails", "calls", "meetings", "tasks")]
    every = pd.concat([rows["hs_object_id"] for rows in acts])
    assert every.is_unique
    found = {
        "Associated Deal IDs": set(hubspot_deals.index),
        "Associated Contact IDs": set(hubspot["hubspot-crm-exports-all-contacts"]["hs_object_id"]),
        "Associated Company IDs": set(hubspot["hubspot-crm-exports-all-companies"]["hs_object_id"]),
        "hubspot_owner_id": set(hubspot["owners"]["Owner ID"]),
    }
    for rows in [*acts, hubspot["leads"], hubspot_deals]:
        for column in found.keys() & set(rows):
            told = {one for cell in rows[column] for one in cell.split(";")} - {""}
            assert told and told <= found[column], column
    assert set(hubspot["deal-property-history"]["Updated by user ID"]) <= set(
        hubspot["owners"]["User ID"]
    )


def test_hubspot_lists_no_litter_of_salesforce(small, hubspot):
    """No twins, no tracking rows, no attendees' copies, nothing deleted."""
    assert not hubspot["emails"]["hs_email_subject"].str.contains(r"^(?:Opened|Email): ").any()
    assert not hubspot["emails"]["hs_email_subject"].str.contains(r"\[Outreach\]").any()
    meetings = standing(small.facts.meetings, SMALL.end_sec)
    assert len(hubspot["meetings"]) == (~meetings["is_copy"]).sum() < len(meetings)
    deals = standing(small.facts.deals, SMALL.end_sec)
    kept = (~deals["is_deleted"]).sum()
    assert len(hubspot["hubspot-crm-exports-all-deals"]) == kept < len(deals)


@pytest.fixture(scope="module")
def pipedrive(small, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipedrive")
    write_pipedrive(small, folder)
    dumps = {path.stem: json.loads(path.read_text("utf-8")) for path in folder.glob("*.json")}
    return lists(folder) | {name: pd.DataFrame(dump) for name, dump in dumps.items()}


def test_pipedrive_deals_stand_as_their_log_ends(pipedrive):
    deals = pipedrive["deals"].set_index("Deal - ID")
    log = pipedrive["deals_changelog"]
    assert (log["time"] <= END[:10] + " 18:00:00").all()
    last = log.assign(deal_id=log["deal_id"].astype(str))
    last = last.drop_duplicates(["deal_id", "field_key"], keep="last")
    last = last.pivot_table(
        index="deal_id", columns="field_key", values="new_value", aggfunc="last"
    )
    assert set(last.index) == set(deals.index)
    assert (last["add_time"].loc[deals.index] == deals["Deal - Deal created"]).all()
    stages = pipedrive["stages"].set_index("id")["name"]
    names = last["stage_id"].dropna().astype(int).map(stages)
    told = {
        "Deal - Stage": names,
        "Deal - Status": last["status"].dropna().str.title(),
        "Deal - Value": last["value"].dropna(),
        "Deal - Expected close date": last["expected_close_date"].dropna(),
    }
    for column, values in told.items():
        assert len(values) > 20
        assert (deals.loc[values.index, column] == values).all(), column
    # A closed deal keeps the stage it was in; one that was opened again keeps when it was lost.
    assert set(deals["Deal - Status"]) == {"Open", "Won", "Lost"}
    assert set(deals["Deal - Stage"]) <= set(stages)
    again = deals[(deals["Deal - Status"] == "Open") & (deals["Deal - Lost time"] != "")]
    assert set(again.index) <= set(last.index[last["status"] == "open"])


def test_pipedrive_tells_directions_of_mail_only(pipedrive):
    activities, mail = pipedrive["activities"], pipedrive["mail_messages"]
    assert not any("direction" in column for column in activities)
    assert not activities["subject"].str.startswith("[").any()
    assert set(activities["type"]) == {"call", "email", "meeting", "task"}
    ours = set(pipedrive["users"]["email"])
    sender = mail["from"].map(lambda parties: parties[0]["email_address"])
    assert (sender.isin(ours) == (mail["sent_flag"] == 1)).all()
    assert 0.2 < sender.isin(ours).mean() < 0.8
    threads = set(pipedrive["mail_threads"]["id"])
    assert set(mail["mail_thread_id"]) == threads
    assert activities["id"].is_unique


def test_pipedrive_references_resolve(pipedrive):
    found = {
        "deal_id": set(pipedrive["deals"]["Deal - ID"].astype(int)),
        "person_id": set(pipedrive["persons"]["Person - ID"].astype(int)),
        "org_id": set(pipedrive["organizations"]["Organization - ID"].astype(int)),
        "user_id": set(pipedrive["users"]["id"]),
        "lead_id": set(pipedrive["leads"]["Lead - ID"]),
    }
    for name in ("activities", "deals_participants", "deals_products", "mail_threads"):
        for column in found.keys() & set(pipedrive[name]):
            told = set(pipedrive[name][column].dropna())
            assert told <= found[column], (name, column)


@pytest.mark.parametrize("crm", ["hubspot", "pipedrive"])
def test_same_seed_same_bytes_in_every_shape(crm, small, tmp_path):
    one = write(small, tmp_path / "one", crm)
    two = write(simulate(SMALL), tmp_path / "two", crm)
    earlier = write(small, tmp_path / "three", crm, until=EARLIER)
    assert [path.name for path in one] == [path.name for path in two]
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(one, two, strict=True))
    sizes = [sum(path.stat().st_size for path in paths) for paths in (earlier, one)]
    assert 0 < sizes[0] < sizes[1]


@pytest.mark.parametrize("crm", ["hubspot", "pipedrive"])
@pytest.mark.parametrize(
    "company", [Company(deals=2, sellers=1, months=1), replace(SMALL, mess=Mess.none())]
)
def test_small_and_clean_companies_can_be_written_in_every_shape(crm, company, tmp_path):
    paths = write(simulate(company), tmp_path, crm)
    assert all(path.stat().st_size > 0 for path in paths)


def test_the_command_writes_any_shape(command, tmp_path):
    done = command("sample", tmp_path / "out", "--as", "hubspot")
    assert done.returncode == 0, done.stderr
    deals = lists(tmp_path / "out")["hubspot-crm-exports-all-deals"]
    truth = pd.read_csv(tmp_path / "out" / "truth" / "truth.csv.gz", dtype=str)
    assert set(truth["deal_id"]) <= set(deals["hs_object_id"])
    assert len(truth) > 1_800
    wrong = command("sample", tmp_path / "out", "--as", "excel")
    assert wrong.returncode == 2
    assert "salesforce" in wrong.stderr
