"""The simulated company: valid records, honest rewinds, and a truth that agrees with them."""

import gzip
import json
import re
import zipfile
from dataclasses import fields, replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from models import simulate_buyers, simulate_sellers
from models.simulate import (
    SCENARIOS,
    Company,
    Mess,
    UnknownScenario,
    scenario,
    simulate,
    write_salesforce,
    write_sample,
)
from models.simulate_company import Sellers
from models.simulate_course import NEVER, POLICIES, SOURCE_QUALITY, WON, Course
from models.simulate_dice import Dice
from models.simulate_run import GIVEN, could_have, happened
from models.simulate_salesforce_ids import PREFIXES, ids
from pipelines.cli import app

ROOT = Path(__file__).resolve().parents[1]
SMALL = Company(seed=11, deals=400, sellers=9, months=16)
END = "2026-06-30T18:00:00.000Z"
EARLIER = datetime(2026, 1, 15, 12, tzinfo=UTC)
STAMPS = ("CreatedDate", "LastModifiedDate", "SystemModstamp", "CompletedDateTime", "MessageDate")


def read(folder):
    """Every object of an export, the parts below one another, as text."""
    parts = {}
    for path in sorted(folder.glob("*.ZIP")):
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                rows = pd.read_csv(
                    BytesIO(archive.read(name)), dtype=str, keep_default_na=False, na_filter=False
                )
                parts.setdefault(name.removesuffix(".csv"), []).append(rows)
    return {kind: pd.concat(rows, ignore_index=True) for kind, rows in parts.items()}


def exported(history, folder, until=None):
    write_salesforce(history, folder, until)
    return {kind: rows.drop_duplicates() for kind, rows in read(folder).items()}


@pytest.fixture(scope="module")
def small():
    return simulate(SMALL)


@pytest.fixture(scope="module")
def today(small, tmp_path_factory):
    return exported(small, tmp_path_factory.mktemp("today"))


@pytest.fixture(scope="module")
def then(small, tmp_path_factory):
    return exported(small, tmp_path_factory.mktemp("then"), EARLIER)


@pytest.fixture(scope="module")
def sample(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder)
    return folder


def to_18(fifteen):
    """The published rule for the last three characters, written out the long way."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    return fifteen + "".join(
        alphabet[sum(2**place for place in range(5) if fifteen[start + place].isupper())]
        for start in (0, 5, 10)
    )


def test_draws_belong_to_key_day_and_salt():
    dice = Dice(3)
    keys = np.arange(20_000)
    drawn = dice.uniform(keys, "a", 7)
    assert abs(drawn.mean() - 0.5) < 0.01
    assert abs(np.corrcoef(drawn, dice.uniform(keys, "a", 8))[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn, dice.uniform(keys, "b", 7))[0, 1]) < 0.03
    assert abs(np.corrcoef(drawn[1:], drawn[:-1])[0, 1]) < 0.03
    assert np.array_equal(drawn[::-1], dice.uniform(keys[::-1], "a", 7))
    assert np.array_equal(drawn, dice.uniform(keys, "a", np.full(20_000, 7)))
    assert not np.array_equal(drawn, Dice(3, "elsewhere").uniform(keys, "a", 7))
    assert set(dice.whole(keys, "n", 2, 4)) == {2, 3, 4}


def test_same_seed_same_bytes(small, tmp_path):
    one = write_salesforce(small, tmp_path / "one")
    two = write_salesforce(simulate(SMALL), tmp_path / "two")
    other = write_salesforce(simulate(replace(SMALL, seed=12)), tmp_path / "three")
    for a, b, c in zip(one, two, other, strict=True):
        assert a.read_bytes() == b.read_bytes()
        assert a.read_bytes() != c.read_bytes()


def test_the_sample_in_the_project_is_this_sample(sample):
    committed = ROOT / "data" / "sample"
    fresh, kept = read(sample), read(committed)
    assert fresh.keys() == kept.keys()
    for kind, rows in fresh.items():
        pd.testing.assert_frame_equal(rows, kept[kind], obj=kind)
    for name in ("truth.csv.gz", "truth.json"):
        one, two = (folder / "truth" / name for folder in (sample, committed))
        if name.endswith("gz"):
            assert gzip.decompress(one.read_bytes()) == gzip.decompress(two.read_bytes())
        else:
            assert json.loads(one.read_text()) == json.loads(two.read_text())
    assert sum(path.stat().st_size for path in committed.rglob("*") if path.is_file()) < 3_000_000


def test_the_sample_carries_the_comparison(sample):
    summary = json.loads((sample / "truth" / "truth.json").read_text())
    truth = pd.read_csv(sample / "truth" / "truth.csv.gz")
    share = {name: count / summary["deals"] for name, count in summary["outcomes"].items()}
    assert 1_800 <= summary["deals"] <= 2_200
    assert 0.20 <= share["won"] <= 0.26
    assert 0.10 <= share["lost_to_competitor"] <= 0.15
    assert 0.12 <= share["disqualified"] <= 0.22
    points = truth[truth["signal"].notna()]
    assert len(points) >= 500
    walked = points["is_walked"]
    assert walked.sum() >= 250
    by_seller = points.groupby("seller_id")["is_walked"].agg(["sum", "count"])
    assert len(by_seller) == 30
    assert (by_seller["sum"] > 0).all()
    assert (by_seller["sum"] < by_seller["count"]).all()
    wins = truth[truth["outcome"] == "won"].groupby("account_id")["closed_day"].max()
    later = points["account_id"].map(wins) > points["signal_day"]
    assert (later & walked).sum() >= 60
    assert (later & ~walked).sum() >= 100


def test_ids_are_valid_and_references_resolve(today):
    found = {kind: set(rows["Id"]) for kind, rows in today.items()}
    for kind, rows in today.items():
        assert rows["Id"].is_unique, kind
        assert rows["Id"].str.startswith(PREFIXES[kind]).all()
        assert all(one == to_18(one[:15]) for one in rows["Id"])
    references = {
        "Opportunity": {"AccountId": "Account", "OwnerId": "User"},
        "OpportunityHistory": {"OpportunityId": "Opportunity", "CreatedById": "User"},
        "OpportunityContactRole": {"OpportunityId": "Opportunity", "ContactId": "Contact"},
        "OpportunityCompetitor": {"OpportunityId": "Opportunity"},
        "Quote": {"OpportunityId": "Opportunity"},
        "Contact": {"AccountId": "Account"},
        "EmailMessage": {"ActivityId": "Task", "RelatedToId": "Opportunity", "CreatedById": "User"},
        "Task": {"OwnerId": "User", "AccountId": "Account"},
        "Event": {"OwnerId": "User", "WhoId": "Contact"},
        "Lead": {"OwnerId": "User", "ConvertedOpportunityId": "Opportunity"},
    }
    for kind, columns in references.items():
        for column, target in columns.items():
            told = set(today[kind][column]) - {""}
            assert told and told <= found[target], (kind, column)
    what = set(today["Task"]["WhatId"]) - {""}
    assert what <= found["Opportunity"] | found["Account"]


def test_ids_carry_case_in_their_last_three():
    made = ids("Opportunity", np.array([0, 9, 10, 35, 36, 61, 62, 62**3 + 17]))
    assert list(made) == [to_18(one[:15]) for one in made]
    assert made.str.lower().nunique() == len(made)


def test_no_system_stamp_after_the_export(today, then):
    for tables, end in ((today, END), (then, "2026-01-15T12:00:00.000Z")):
        for kind, rows in tables.items():
            for column in set(STAMPS) & set(rows):
                stamps = rows.loc[rows[column] != "", column]
                assert stamps.max() <= end, (kind, column)
            assert (rows["SystemModstamp"] >= rows["CreatedDate"]).all(), kind
    assert today["Event"]["StartDateTime"].max() > "2027"
    assert today["Opportunity"]["CloseDate"].max() > "2026-07"
    assert today["Task"]["ActivityDate"].max() > END[:10]


def test_current_row_is_the_last_saved_state(today, then):
    for tables in (today, then):
        last = tables["OpportunityHistory"].sort_values(["CreatedDate", "Id"])
        last = last.drop_duplicates("OpportunityId", keep="last").set_index("OpportunityId")
        rows = tables["Opportunity"].set_index("Id")
        assert set(last.index) == set(rows.index)
        last = last.loc[rows.index]
        for column in ("StageName", "Amount", "CloseDate", "Probability"):
            assert (last[column] == rows[column]).all(), column
        assert (rows["SystemModstamp"] >= last["CreatedDate"]).all()
        is_open = rows["IsClosed"] == "false"
        assert (rows.loc[is_open, "Loss_Reason__c"] == "").all()


def test_an_earlier_export_is_a_prefix(today, then):
    moment = "2026-01-15T12:00:00.000Z"
    for kind in today:
        early = set(then[kind]["Id"])
        assert early == set(today[kind].loc[today[kind]["CreatedDate"] <= moment, "Id"]), kind
    for kind in ("OpportunityHistory", "EmailMessage", "OpportunityContactRole"):
        one = then[kind][then[kind]["IsDeleted"] == "false"].set_index("Id")
        two = today[kind].set_index("Id").loc[one.index]
        columns = [c for c in one if c not in ("IsDeleted", "SystemModstamp", "LastModifiedDate")]
        pd.testing.assert_frame_equal(one[columns], two[columns])
    both = then["Opportunity"].merge(today["Opportunity"], on="Id", suffixes=("", "_now"))
    closed_since = (both["IsClosed"] == "false") & (both["IsClosed_now"] == "true")
    assert closed_since.sum() > 20
    assert (both.loc[closed_since, "Loss_Reason__c_now"] != "").any()
    assert (
        then["Lead"]["IsConverted"].eq("true").sum() < today["Lead"]["IsConverted"].eq("true").sum()
    )
    gone = today["User"]["IsActive"] == "false"
    assert gone.any()


def test_truth_agrees_with_the_export(small, today):
    truth = small.truth.set_index("deal_id")
    assert truth.index.is_unique
    rows = today["Opportunity"].set_index("Id")
    assert set(truth.index) <= set(rows.index)
    told = rows.loc[truth.index]
    assert ((told["IsWon"] == "true") == (truth["outcome"] == "won")).all()
    assert ((told["IsClosed"] == "false") == (truth["outcome"] == "open")).all()
    history = today["OpportunityHistory"].sort_values(["CreatedDate", "Id"])
    closing = history[history["StageName"].str.startswith("Closed")]
    day = pd.to_datetime(closing.groupby("OpportunityId")["CreatedDate"].last())
    closed = truth[truth["closed_day"].notna()]
    since = day.loc[closed.index] - pd.Timestamp("1970-01-01", tz="UTC")
    assert (since.dt.days == closed["closed_day"]).all()
    lost = told.loc[(truth["outcome"] == "lost_to_competitor"), "Loss_Reason__c"]
    assert not lost.isin(["Poor Fit", "No Decision / Non-Responsive", "Duplicate"]).any()
    rivals = told.loc[told["Competitor__c"] != ""]
    assert (truth.loc[rivals.index, "outcome"] == "lost_to_competitor").all()


def test_what_happened_is_one_of_the_things_that_could(small):
    """A deal's followed-up account win is its potential outcome under what its seller did."""
    truth = small.truth
    wins = truth[truth["outcome"] == "won"][["account_id", "closed_day"]]
    points = truth[(truth["signal"] != "") & (truth["signal_day"] <= SMALL.last_day - 180)]
    joined = points.merge(wins, on="account_id", suffixes=("", "_win"))
    wait = joined["closed_day_win"] - joined["signal_day"]
    won = set(joined.loc[(wait > 0) & (wait <= 180), "deal_id"])
    happened = points["deal_id"].isin(won).astype(float)
    could = points["win_if_let_go"].where(points["is_walked"], points["win_if_kept"])
    assert points["is_walked"].sum() > 20
    assert (happened == could).mean() > 0.995
    planned = points["strategy"] == "disqualify"
    assert points.loc[planned, "is_walked"].mean() > 0.8


def effects(**values):
    """What letting go changes for each deal with a signal, and the deals themselves."""
    company = Company(**{"seed": 5, "deals": 1_200, "sellers": 15, "months": 15, **values})
    deals = happened(company).deals
    rows = (deals["signal_on"] != NEVER) & (deals["signal_on"] <= company.last_day)
    let_go, kept = np.isfinite(could_have(company, deals, ("let_go", "kept")).days[:, 0, rows])
    return let_go.astype(float), kept.astype(float), deals, rows


NOTHING = {"walk_effect": 0, "bristle_effect": 0, "return_effect": 0}


def test_letting_go_changes_nothing_where_it_should_not():
    let_go, kept, deals, rows = effects(**NOTHING)
    assert abs((let_go - kept).mean()) < 0.015
    walks = deals["plan"][rows] == 1
    naive = let_go[walks].mean() - kept[~walks].mean()
    assert naive < -0.04, "sellers let the worse deals go, so the naive difference misleads"


def test_letting_go_hurts_where_buyers_then_forget():
    let_go, kept, _, _ = effects(**{**NOTHING, "walk_effect": -3})
    assert (let_go - kept).mean() < -0.06


def test_good_fits_bristle():
    let_go, kept, deals, rows = effects(walk_effect=-1.0, bristle_effect=2.0)
    good = (~deals["misfit"] & (deals["quality"] > 0.2))[rows]
    assert (let_go - kept)[good].mean() > (let_go - kept)[~good].mean() + 0.03


def test_the_source_tells_who_is_a_good_fit_where_it_should():
    settings = {"walk_effect": -1.0, "bristle_effect": 4.0, "fit_by_source": True}
    let_go, kept, deals, rows = effects(**settings)
    better = (SOURCE_QUALITY[deals["source"]] > 0.05)[rows]
    assert (let_go - kept)[better].mean() > (let_go - kept)[~better].mean() + 0.06


def test_freed_hours_are_spent_on_the_backlog():
    def fresh(**values):
        deals = happened(replace(SMALL, months=8, **values)).deals
        return (deals["parent"] == NEVER).sum()

    assert fresh(walk_share=0.7) > fresh(walk_share=0.02) * 1.05
    assert fresh(walk_share=0.7, backlog=False) == fresh(walk_share=0.02, backlog=False)


ONLY_IN_SCENARIOS = {
    *("bulk_edits", "migration", "abandoned_reasons", "long_ago_closes"),
    *("missing_reasons", "missing_if_silent", "mislabelled"),
    # Those that test_simulate_litter.py is about.
    *("owner_changes", "territory_change", "merged_records", "wild_dates", "order_entries"),
    *("mistaken_wins", "default_reasons", "late_mail", "archived_activities", "currencies"),
    *("clock_hours", "limited_sharing"),
}


def test_mess_is_there_and_can_be_switched_off(today, tmp_path):
    clean = exported(simulate(replace(SMALL, mess=Mess.none())), tmp_path)
    for switch, count in litter().items():
        assert count(today) > 0, switch
        assert count(clean) == 0, switch
    assert set(litter()) | ONLY_IN_SCENARIOS == {switch.name for switch in fields(Mess)} - {
        "overlapping_parts",
        "recreated_deals",
    }


def litter():
    """For each switch of Mess, how much of it an export holds."""

    def matches(kind, column, pattern):
        return lambda t: int(t[kind][column].str.contains(pattern, regex=True).sum())

    def repeated_states(t):
        rows = t["OpportunityHistory"].sort_values(["OpportunityId", "CreatedDate", "Id"])
        seen = rows[["OpportunityId", "StageName", "Amount", "CloseDate"]]
        return int((seen == seen.shift()).all(axis=1).sum())

    def closed_at_once(t):
        rows = t["OpportunityHistory"]
        rows = rows[rows["StageName"].str.startswith("Closed")]
        return int(rows.groupby(["CreatedById", rows["CreatedDate"].str[:16]]).size().max() > 8)

    def reopened(t):
        rows = t["OpportunityHistory"].sort_values(["OpportunityId", "CreatedDate", "Id"])
        closed = rows["StageName"].str.startswith("Closed")
        same = rows["OpportunityId"] == rows["OpportunityId"].shift()
        return int((same & ~closed & closed.shift(fill_value=False)).sum())

    def back_dated(t):
        rows = t["Opportunity"]
        lost = rows[(rows["StageName"] != "Closed Won") & (rows["IsClosed"] == "true")]
        return int((lost["CloseDate"] < lost["LastStageChangeDate"].str[:10]).sum())

    def edited(t):
        rows = t["Opportunity"]
        closed = rows[rows["IsClosed"] == "true"]
        return int((closed["SystemModstamp"] > closed["LastStageChangeDate"]).sum())

    def deleted(t):
        return sum(
            int((rows["IsDeleted"] == "true").sum()) for rows in t.values() if "IsDeleted" in rows
        )

    def blank(t):
        rows = t["Opportunity"]
        lost = rows[(rows["IsClosed"] == "true") & (rows["IsWon"] == "false")]
        return int((lost["Loss_Reason__c"] == "").sum())

    def lead_acts(t):
        return len(t["Lead"]) + int(t["Task"]["WhoId"].str.startswith("00Q").sum())

    return {
        "twin_tasks": lambda t: int((t["EmailMessage"]["ActivityId"] != "").sum()),
        "same_stage_saves": repeated_states,
        "cleanup_day": closed_at_once,
        "auto_replies": matches("EmailMessage", "Subject", r"^Automatic reply: |^자동 회신: "),
        "tracking_rows": matches("Task", "Subject", r"^Opened: "),
        "recurring_events": lambda t: int((t["Event"]["StartDateTime"] > "2027").sum()),
        "child_events": lambda t: int((t["Event"]["IsChild"] == "true").sum()),
        "deleted_rows": deleted,
        "duplicate_deals": matches("Opportunity", "Loss_Reason__c", r"^Duplicate$"),
        "reopened_deals": reopened,
        "back_dated_closes": back_dated,
        "edits_after_close": edited,
        "korean": matches("Account", "Name", r"[가-힣]"),
        "awkward_text": matches("Opportunity", "NextStep", r"\n|\""),
        "hostile_names": lambda t: int(
            (t["Opportunity"]["Name"] == "<script>alert(1)</script>").sum()
            + (t["Account"]["Name"] == "=cmd|' /C calc'!A0").sum()
        ),
        "blank_reasons": blank,
        "renewals": matches("Opportunity", "Type", r"Renewal|Existing"),
        "account_activities": matches("Task", "WhatId", r"^001"),
        "leads": lead_acts,
        "commitments": matches("Task", "Subject", r"^Buyer to: "),
        "automation_user": lambda t: int((t["User"]["UserType"] == "AutomatedProcess").sum()),
    }


def littered(**litter):
    """A tidy company, and the same with some litter."""
    company = replace(SMALL, deals=200, mess=Mess.none())
    return simulate(company), simulate(replace(company, mess=replace(Mess.none(), **litter)))


def lost(history):
    """The last state of deals that were lost."""
    deals = history.facts.deals.drop_duplicates("number", keep="last")
    return deals[deals["stage"] > 8].set_index("number")


def test_litter_changes_records_and_never_what_is_true():
    shares = dict.fromkeys(("missing_reasons", "missing_if_silent", "mislabelled"), 0.3)
    tidy, messy = littered(bulk_edits=True, abandoned_reasons=True, long_ago_closes=0.4, **shares)
    pd.testing.assert_frame_equal(tidy.truth, messy.truth)
    assert not tidy.facts.deals.equals(messy.facts.deals)


def test_one_hand_moves_the_dates_of_all_that_is_open():
    tidy, messy = littered(bulk_edits=True)
    assert not (tidy.facts.saves["kind"] == "bulk").any()
    bulk = messy.facts.saves[messy.facts.saves["kind"] == "bulk"]
    by_day = bulk.groupby(bulk["created"] // 86_400)
    assert by_day.ngroups == 2
    assert (by_day["expected_on"].max() == by_day["expected_on"].min()).all()
    assert (by_day["deal"].size() > 10).all()
    assert set(bulk["by"]) == {SMALL.sellers}


def test_nothing_is_recorded_before_a_change_of_crm():
    _, messy = littered(migration=True)
    moved = messy.company.migrated_sec
    for name in ("deals", "saves", "entries", "mail", "quotes", "rivals", "roles"):
        assert getattr(messy.facts, name)["created"].min() >= moved, name
    assert (messy.facts.mail["sec"] < moved).sum() > 20
    assert (messy.facts.deals.groupby("number")["created"].first() < moved + 60).sum() > 20


def test_reasons_go_missing_by_lot_or_where_nobody_answered():
    tidy, by_lot = littered(missing_reasons=0.3)
    _, silent = littered(missing_if_silent=0.9)
    _, abandoned = littered(abandoned_reasons=True)
    full = lost(tidy)["reason"]
    assert full.notna().all()
    assert 0.2 < lost(by_lot)["reason"].isna().mean() < 0.4
    kept = lost(silent)["reason"].notna()
    rival = full.isin(["Lost to Competitor", "Went with another vendor", "Price"])
    assert kept[rival].all()
    assert kept[~rival].mean() < 0.6
    since = lost(abandoned)["since"]
    late = since > since.max() - (since.max() - since.min()) * 0.3
    assert lost(abandoned)["reason"][late].isna().mean() > 0.85
    assert lost(abandoned)["reason"][~late].isna().mean() < 0.4


def test_some_reasons_are_of_another_kind():
    tidy, messy = littered(mislabelled=0.15)
    differs = lost(tidy)["reason"] != lost(messy)["reason"]
    assert 0.08 < differs.mean() < 0.25


def test_losses_are_dated_long_ago():
    tidy, messy = littered(long_ago_closes=0.4)
    for history, low, high in ((tidy, 0, 0.001), (messy, 0.3, 0.5)):
        rows = lost(history)
        assert low <= (rows["expected_on"] < rows["since"] // 86_400 - 10).mean() <= high


def test_what_could_have_been_by_hand():
    """A deal alone, day by day under one policy, meets the fate that the truth gives it."""
    company = replace(SMALL, deals=120, mess=Mess.none())
    past = happened(company).deals
    policies = ("let_go", "chased", "kept")
    told = could_have(company, past, policies)
    rows = np.flatnonzero(past["signal_on"] != NEVER)[:30]
    wins = 0
    for place, policy in enumerate(policies):
        for row in rows:
            win = by_hand(company, past, row, policy)
            days = told.days[place, 0, row]
            assert (win is None and np.isnan(days)) or win[0] == days, (policy, row)
            assert told.revenue[place, 0, row] == (0 if win is None else win[1])
            wins += win is not None
    assert wins > 6


def by_hand(company, past, row, policy):
    """Days from the signal to the first win of this deal or what came of it, and its amount."""
    course = Course(company, Dice(company.seed), Sellers.of(company, Dice(company.seed)), log=False)
    signal_on = past["signal_on"][row]
    for day in range(past["created"][row], signal_on + 181):
        if (day + 3) % 7 >= 5:
            continue
        simulate_sellers.notice(course, day)
        simulate_buyers.step(course, day)
        simulate_sellers.step(course, day)
        if day == past["created"][row]:
            given = {name: past[name][[row]] for name in GIVEN}
            new = course.deals.add(1, **given, policy=POLICIES.index(policy), root=0)
            simulate_buyers.open_deals(course, day, new)
        won = np.flatnonzero(course.deals["ending"] == WON)
        if won.size:
            return day - signal_on, course.deals["amount"][won[0]]
    return None


def test_hours_follow_what_sellers_do():
    let_go, chased = (
        could_have(SMALL, happened(SMALL).deals, (policy,)).hours for policy in ("let_go", "chased")
    )
    assert np.nanmean(chased) > np.nanmean(let_go) * 1.15
    assert np.nanmin(let_go) >= 0


@pytest.mark.parametrize("name", sorted(SCENARIOS))
def test_every_scenario_is_a_company(name):
    told = scenario(name)
    company = told.company(seed=3, deals=60, tidy=True)
    assert company == told.company(seed=3, deals=60, tidy=True)
    assert len(happened(replace(company, sellers=3, months=min(company.months, 8))).deals) > 0


def test_an_unknown_scenario_names_those_there_are():
    with pytest.raises(UnknownScenario, match=r"no scenario 'nothing'.*bristle"):
        scenario("nothing")


def test_any_scenario_can_be_written(tmp_path):
    def written(*words):
        return CliRunner().invoke(app, ["sample", str(tmp_path), *words])

    asked = ("--scenario", "too_few", "--seed", "4", "--deals", "40", "--as", "pipedrive")
    assert written(*asked).exit_code == 0
    told = json.loads((tmp_path / "truth" / "truth.json").read_text())
    assert (told["seed"], told["sellers"]) == (4, 5)
    truth = pd.read_csv(tmp_path / "truth" / "truth.csv.gz")
    assert {"hours_if_let_go", "revenue_if_chased"} <= set(truth)
    wrong = written("--scenario", "nothing")
    assert wrong.exit_code == 2
    assert "there are" in wrong.stderr


def test_the_command_names_every_kind_of_company():
    told = CliRunner().invoke(app, ["sample", "--help"]).output
    assert set(SCENARIOS) <= set(re.findall(r"\w+", told))


@pytest.mark.parametrize(("deals", "sellers", "months"), [(10_000, 10, 24), (2_000, 30, 24)])
def test_as_many_deals_come_as_asked(deals, sellers, months):
    company = Company(deals=deals, sellers=sellers, months=months)
    came = happened(company).deals["created"] <= company.last_day
    assert abs(came.sum() / deals - 1) < 0.06


def test_an_effect_that_starts_late_starts_late():
    let_go, kept, _, _ = effects(**{**NOTHING, "walk_effect": 2.0})
    late_let_go, late_kept, _, _ = effects(
        **{**NOTHING, "walk_effect": 2.0, "effect_after_days": 56}
    )
    assert 0.01 < (late_let_go - late_kept).mean() < (let_go - kept).mean() - 0.01


def test_habits_show():
    base = {"seed": 5, "deals": 600, "sellers": 15, "months": 12}

    def ended(**values):
        deals = happened(Company(**base, **values)).deals
        return np.bincount(deals["ending"][~deals["open"]], minlength=8) / len(deals)

    usual = ended()
    assert ended(rivals_win=0.0)[2] == 0 < usual[2]
    assert not ended(closes=False, decides=0.0).any()
    assert ended(late_walk=0.05)[5] > usual[5] + 0.05
    pursued, slow = (happened(Company(**base, chase_pace=pace)).deals for pace in (4.0, 1.0))
    assert pursued["touches"].mean() > 1.2 * slow["touches"].mean()
    fit = happened(Company(**base, drift=2.0)).deals
    late = fit["created"] > np.quantile(fit["created"], 0.65)
    assert fit["quality"][late].mean() < fit["quality"][~late].mean() - 1.5

    def spread(**values):
        deals = happened(Company(**base, **values)).deals
        won = pd.Series(deals["ending"] == 1).groupby(deals["seller"]).mean()
        return won.std()

    assert spread(seller_skill=1.5) > spread() + 0.03


def test_deals_made_again_keep_the_old_name(today, small):
    children = small.truth[small.truth["parent_id"].notna()]
    names = today["Opportunity"].set_index("Id")["Name"]
    same = names.loc[children["deal_id"]].to_numpy() == names.loc[children["parent_id"]].to_numpy()
    assert 0.25 < same.mean() < 0.75


def test_parts_overlap(small, tmp_path):
    write_salesforce(small, tmp_path)
    tasks = read(tmp_path)["Task"]
    assert tasks["Id"].duplicated().sum() > 0
    assert tasks.drop_duplicates()["Id"].is_unique


def test_a_leavers_deals_are_closed_in_a_minute(sample):
    history = read(sample)["OpportunityHistory"]
    closed = history[history["StageName"].str.startswith("Closed")]
    assert closed.groupby(["CreatedById", closed["CreatedDate"].str[:16]]).size().max() >= 30


def test_work_is_logged_in_office_hours(today):
    hours = {"Seoul": 9, "Europe": 1, "Central": -6, "Northeast": -5}
    team = today["User"].set_index("Id")["Department"]
    calls = today["Task"][today["Task"]["CallType"] == "Outbound"]
    made = pd.to_datetime(calls["CreatedDate"]).dt
    local = (made.hour + calls["OwnerId"].map(team).map(hours).to_numpy()) % 24
    assert ((local >= 8) & (local < 18)).mean() > 0.97
    assert (made.day_of_week < 5).mean() > 0.95


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"deals": 0}, "Company.deals=0 must be at least 1"),
        ({"walk_share": 1.0}, "Company.walk_share=1.0 must be between 0 and 1"),
        ({"end": datetime(2026, 6, 30)}, "has no time zone"),
    ],
)
def test_impossible_companies_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Company(**values)


def test_an_export_needs_a_time_zone(small, tmp_path):
    with pytest.raises(ValueError, match="has no time zone"):
        write_salesforce(small, tmp_path, datetime(2026, 1, 1))


def test_the_smallest_company_can_be_written(tmp_path):
    tables = exported(simulate(Company(deals=2, sellers=1, months=1)), tmp_path)
    assert set(tables) == set(PREFIXES) - {"OpportunityFieldHistory", "CurrencyType"}
