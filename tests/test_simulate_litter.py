"""Litter strewn over a simulated company: CRMs show it, what happened is the same, and the product
reads past it or counts it."""

import json
import zipfile
from dataclasses import replace
from io import BytesIO

import numpy as np
import pandas as pd
import pytest

from models.simulate import NAMES, Company, Mess, simulate, write
from models.simulate_litter import PROPOSED, littered

TIDY = Company(seed=11, deals=150, sellers=9, months=22, mess=Mess.none())
CRMS = ("salesforce", "hubspot", "pipedrive")
STREWN = (
    *("owner_changes", "territory_change", "merged_records", "wild_dates", "order_entries"),
    *("mistaken_wins", "default_reasons", "late_mail", "archived_activities", "currencies"),
    "limited_sharing",
)


def with_litter(company=TIDY, **litter):
    return simulate(replace(company, mess=replace(company.mess, **litter)))


@pytest.fixture(scope="module")
def tidy():
    return simulate(TIDY)


@pytest.fixture(scope="module")
def exported(tidy, tmp_path_factory):
    """The tables of an export in a CRM's shape, as text, with some litter."""
    kept = {}

    def exported(crm, **litter):
        key = (crm, *litter.items())
        if key not in kept:
            folder = tmp_path_factory.mktemp(crm)
            write(with_litter(**litter) if litter else tidy, folder, crm)
            kept[key] = read(folder)
        return kept[key]

    return exported


def read(folder):
    def table(source):
        return pd.read_csv(source, dtype=str, na_filter=False)

    found = {path.stem: table(path) for path in folder.glob("*.csv")}
    for path in folder.glob("*.json"):
        found[path.stem] = pd.DataFrame(json.loads(path.read_text("utf-8")))
    parts = {}
    for path in sorted(folder.glob("*.ZIP")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                parts.setdefault(name[:-4], []).append(table(BytesIO(archive.read(name))))
    return found | {kind: pd.concat(rows, ignore_index=True) for kind, rows in parts.items()}


# ---- what happened


@pytest.mark.parametrize("switch", STREWN)
def test_litter_changes_no_truth_and_is_the_same_twice(switch, tidy):
    messy = with_litter(**{switch: True})
    pd.testing.assert_frame_equal(messy.truth, tidy.truth)
    assert messy.summary == tidy.summary
    again = littered(replace(tidy.facts, company=messy.company))
    for name, rows in vars(messy.facts).items():
        if isinstance(rows, pd.DataFrame):
            pd.testing.assert_frame_equal(rows, vars(again)[name], obj=name)


@pytest.mark.parametrize("crm", CRMS)
def test_every_kind_of_litter_at_once_can_be_written(crm, tmp_path):
    history = simulate(replace(TIDY, mess=Mess.all()))
    truth = history.truth_beside(crm)
    deal = {
        "salesforce": ("Opportunity", "Id"),
        "hubspot": ("hubspot-crm-exports-all-deals", "hs_object_id"),
        "pipedrive": ("deals", "Deal - ID"),
    }[crm]
    write(history, tmp_path, crm)
    table, column = deal
    assert set(truth["deal_id"].astype(str)) <= set(read(tmp_path)[table][column])


def test_a_clock_is_on_earth():
    with pytest.raises(ValueError, match="no clock on Earth"):
        Mess(clock_hours=15)


# ---- what each export holds


def test_owners_are_told_as_each_crm_tells_them(exported, tidy):
    asked = {"owner_changes": True, "territory_change": True}
    owners = with_litter(**asked).facts.owners
    alone = owners["by"] == owners["before"]
    assert alone.sum() > 10
    assert (~alone).sum() >= 10
    assert owners.loc[~alone, "since"].agg(np.ptp) < 60

    tracked = exported("salesforce", **asked)["OpportunityFieldHistory"]
    by_id = tracked[tracked["DataType"] == "EntityId"]
    names = exported("salesforce", **asked)["User"].set_index("Id")["Name"]
    by_name = tracked[tracked["DataType"] == "Text"]
    assert len(by_id) == len(by_name) == len(owners)
    assert list(names[by_id["NewValue"]]) == list(by_name["NewValue"])
    last = by_id.sort_values("CreatedDate").drop_duplicates("OpportunityId", keep="last")
    now = exported("salesforce", **asked)["Opportunity"].set_index("Id")["OwnerId"]
    assert list(now[last["OpportunityId"]]) == list(last["NewValue"])
    assert "OpportunityFieldHistory" not in exported("salesforce")

    history = exported("hubspot", **asked)["deal-property-history"]
    history = history[history["Property"] == "hubspot_owner_id"]
    assert len(history) == len(owners) + history["Object ID"].nunique()
    bulk = history["Change source"] == "CRM_UI_BULK_ACTION"
    assert bulk.sum() == (~alone).sum()
    first = history.drop_duplicates("Object ID").set_index("Object ID")["Value"]
    given = owners.drop_duplicates("deal")
    told = first[NAMES["hubspot"][0]("deal", given["deal"])]
    assert list(told) == list(NAMES["hubspot"][0]("owner", given["before"]))

    log = exported("pipedrive", **asked)["deals_changelog"]
    log = log[log["field_key"] == "user_id"]
    assert len(log) == len(owners)
    assert log["is_bulk_update_flag"].sum() == (~alone).sum()


def test_merged_records_name_their_survivors(exported):
    def told(crm):
        return exported(crm, merged_records=True)

    accounts = told("salesforce")["Account"]
    gone = accounts[accounts["MasterRecordId"] != ""]
    assert len(gone) > 5
    assert (gone["IsDeleted"] == "true").all()
    assert set(gone["MasterRecordId"]) <= set(accounts["Id"]) - set(gone["Id"])
    assert told("salesforce")["Opportunity"]["AccountId"].isin(gone["Id"]).any()
    assert (told("salesforce")["Contact"]["MasterRecordId"] != "").any()
    assert len(told("salesforce")["Opportunity"]) == len(exported("salesforce")["Opportunity"])

    for table in ("all-deals", "all-companies", "all-contacts"):
        rows = told("hubspot")[f"hubspot-crm-exports-{table}"]
        lost = set(";".join(rows["hs_merged_object_ids"]).split(";")) - {""}
        assert lost
        assert not lost & set(rows["hs_object_id"])
    for noun in ("deal", "organization"):
        rows = told("pipedrive")[f"{noun}s"].set_index(f"{noun.title()} - ID")
        into = rows.loc[rows[f"{noun.title()} - Merged into ID"] != ""]
        assert len(into) > 3
        assert set(into[f"{noun.title()} - Merged into ID"]) <= set(rows.index) - set(into.index)


def test_what_is_merged_later_still_stands_apart_before(tmp_path):
    history = with_litter(merged_records=True)
    merges = history.facts.merges
    since = merges.loc[merges["kind"] == "account", "since"]
    middle = pd.Timestamp(int(since.median()), unit="s", tz="UTC").to_pydatetime()
    write(history, tmp_path, until=middle)
    accounts = read(tmp_path)["Account"]
    lost = NAMES["salesforce"][0]("Account", merges.loc[merges["kind"] == "account", "number"])
    named = accounts[accounts["Id"].isin(set(lost))]
    is_merged = named["MasterRecordId"] != ""
    assert is_merged.sum() == (since <= middle.timestamp()).sum()
    assert (named["IsDeleted"] == "true").tolist() == is_merged.tolist()


def test_amounts_are_in_each_teams_currency(exported):
    rates = exported("salesforce", currencies=True)["CurrencyType"]
    rates = rates.set_index("IsoCode")["ConversionRate"].astype(float)
    assert rates["USD"] == 1
    deals = exported("salesforce", currencies=True)["Opportunity"].set_index("Id")
    tidy = exported("salesforce")["Opportunity"].set_index("Id")
    converted = deals["Amount"].astype(float) / deals["CurrencyIsoCode"].map(rates)
    assert np.allclose(converted, tidy["Amount"].astype(float).loc[deals.index])
    assert set(deals["CurrencyIsoCode"]) == {"USD", "EUR"}
    assert "CurrencyIsoCode" not in tidy
    hubspot = exported("hubspot", currencies=True)["hubspot-crm-exports-all-deals"]
    pipedrive = exported("pipedrive", currencies=True)["deals"]
    assert set(hubspot["deal_currency_code"]) == {"USD", "EUR"}
    assert set(pipedrive["Deal - Currency of Value"]) == {"USD", "EUR"}


def test_a_pipedrive_deal_that_was_won_by_mistake_keeps_the_time(exported):
    def open_with_a_won_time(**litter):
        deals = exported("pipedrive", **litter)["deals"]
        return ((deals["Deal - Status"] == "Open") & (deals["Deal - Won time"] != "")).sum()

    assert open_with_a_won_time() == 0 < open_with_a_won_time(mistaken_wins=True)


def test_lists_follow_the_clock_and_histories_do_not(exported):
    table = "hubspot-crm-exports-all-deals"
    ours, theirs = exported("hubspot")[table], exported("hubspot", clock_hours=9)[table]
    late = pd.to_datetime(theirs["createdate"]) - pd.to_datetime(ours["createdate"])
    assert set(late) == {pd.Timedelta(hours=9)}
    history = "deal-property-history"
    pd.testing.assert_frame_equal(
        exported("hubspot")[history], exported("hubspot", clock_hours=9)[history]
    )
    ours, theirs = exported("pipedrive"), exported("pipedrive", clock_hours=9)
    late = pd.to_datetime(theirs["deals"]["Deal - Deal created"]) - pd.to_datetime(
        ours["deals"]["Deal - Deal created"]
    )
    assert set(late) == {pd.Timedelta(hours=9)}
    assert list(ours["activities"]["add_time"]) == list(theirs["activities"]["add_time"])


# ---- what the product makes of it


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def core(told, kept, tmp_path):
    """The core tables and the trap counts of a company in the shape of a CRM."""

    def core(crm, settings="", company=TIDY, **litter):
        key = (crm, settings, company, *litter.items())
        if key not in kept:
            folder = tmp_path / f"{crm} {len(kept)}"
            write(with_litter(company, **litter), folder, crm)
            ours = told(folder, settings)
            tables = {
                table: ours.con.execute(f"select * from core.{table}").df()
                for table in ("deals", "activities", "owner_changes", "stage_changes")
            }
            traps = {}
            for kind in ("acts", "deals", "history", "observed"):
                traps |= dict(ours.rows(f"select trap, found from core.traps_{kind}"))
            kept[key] = tables, traps
        return kept[key]

    return core


def same(ours, theirs, key, *but):
    """Rows of the first that the second has too, equal in all columns but some."""
    ours = ours.set_index(key).sort_index().drop(columns=list(but))
    theirs = theirs.set_index(key).sort_index().drop(columns=list(but))
    pd.testing.assert_frame_equal(ours, theirs.loc[ours.index], check_dtype=False)


@pytest.mark.parametrize("crm", CRMS)
def test_owners_merges_and_currencies_are_read_past(core, crm):
    ours, before = core(crm)
    litter = ("owner_changes", "territory_change", "merged_records", "currencies")
    theirs, after = core(crm, **dict.fromkeys(litter, True))
    facts = with_litter(**dict.fromkeys(litter, True)).facts
    moved = theirs["owner_changes"]
    assert len(ours["owner_changes"]) == 0 < len(moved)
    lost = facts.merged("deal", TIDY.end_sec).index
    assert len(moved) == (~facts.owners["deal"].isin(lost)).sum()
    assert before["owner_transfers"] == 0
    assert after["owner_transfers"] == moved["is_bulk"].sum() >= 10
    # The current row names who has the list now; who was there stands in the history.
    given = set(moved.loc[moved["is_bulk"], "deal_id"])
    one, two = (core["deals"].set_index("deal_id") for core in (ours, theirs))
    assert set(one.index) == set(two.index)
    elsewhere = one["seller_id"] != two["seller_id"].reindex(one.index)
    assert set(one.index[elsewhere]) == given
    money = ("amount", "currency", "amount_base")
    same(ours["deals"], theirs["deals"], "deal_id", "seller_id", *money)
    if crm == "salesforce":
        assert np.allclose(one["amount"], two["amount_base"].loc[one.index])
        assert after["other_currencies"] == 0
    else:
        # Without rates an amount in another currency is no amount that could be added up.
        foreign = two["currency"] != "USD"
        assert after["other_currencies"] == foreign.sum() > 10
        assert two.loc[foreign, "amount_base"].isna().all()
        assert after["merged_deals"] == len(lost) > 0
    same(ours["activities"], theirs["activities"], "activity_id", "week")


def test_slips_are_counted_and_what_is_not_on_record_is_no_silence(core):
    ours, before = core("salesforce")
    litter = ("wild_dates", "order_entries", "mistaken_wins", "default_reasons", "late_mail")
    theirs, after = core("salesforce", **dict.fromkeys((*litter, "archived_activities"), True))
    assert before["archived_acts"] == 0 < after["archived_acts"]
    for trap in ("far_close_dates", "order_entries", "reason_by_default", "late_channels"):
        assert before[trap] == 0 < after[trap], trap
    one, two = (core["deals"].set_index("deal_id") for core in (ours, theirs))
    # Orders are further deals, and the model passes them by.
    assert two.loc[two.index.difference(one.index), "is_order_entry"].all()
    two = two.loc[one.index]
    # Who was won for half an hour is open again, and as good as if nothing had been.
    assert not one["is_reopened"].any()
    assert two["is_reopened"].sum() > 2
    assert (one["status"] == two["status"]).all()
    assert (one["stage"] == two["stage"]).all()
    assert (one["closed_sec"].fillna(-1) == two["closed_sec"].fillna(-1)).all()
    named = two["lost_reason"].dropna()
    assert (named == PROPOSED).mean() > 0.6
    dates = one["expected_close_day"] != two["expected_close_day"]
    assert 0 < (dates & one["expected_close_day"].notna()).sum() < len(one) / 8
    mail = [rows["activities"][rows["activities"]["kind"] == "email"] for rows in (ours, theirs)]
    joined = TIDY.first_day + 0.4 * (TIDY.last_day - TIDY.first_day)
    assert mail[0]["happened_day"].min() < joined - 90
    assert mail[1]["happened_day"].min() >= joined - 1


def test_an_export_by_one_who_sees_a_part_asks_for_another_and_shows_its_clock(core):
    ours, before = core("hubspot")
    theirs, after = core("hubspot", limited_sharing=True, clock_hours=9)
    assert before["limited_sharing"] == 0 < after["limited_sharing"]
    assert set(theirs["deals"]["seller_id"]) == {"hubspot:77001200"}
    assert 5 < len(theirs["deals"]) < len(ours["deals"]) / 4
    assert set(theirs["deals"]["deal_id"]) <= set(ours["deals"]["deal_id"])
    at_night = [
        traps["off_hours"] / len(tables["activities"])
        for tables, traps in ((ours, before), (theirs, after))
    ]
    assert at_night[1] > at_night[0] + 0.2


def test_a_clock_can_be_set_right(core):
    ours, before = core("hubspot")
    theirs, right = core("hubspot", '[source]\ntime_zone = "Asia/Seoul"\n', clock_hours=9)
    assert right == before
    same(ours["deals"], theirs["deals"], "deal_id")
    same(ours["activities"], theirs["activities"], "activity_id")
