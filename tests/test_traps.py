"""The traps of exports: each is found where it is, treated, counted, and not found elsewhere."""

import csv
import re
import tomllib
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from pipelines import checks, contracts, rewind, tables, traps
from pipelines.night import CONTRACTS
from pipelines.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
WORDS = tomllib.loads((ROOT / "reports" / "locales" / "en.toml").read_text(encoding="utf-8"))
TODAY = datetime(2024, 12, 31, 18, 0)


# ---- the list of traps


def test_every_trap_is_counted_checked_and_governed_by_a_setting(built_warehouse):
    con = duckdb.connect(str(built_warehouse), read_only=True)
    counted = con.execute("select trap, setting, unit, done from marts.traps").fetchall()
    verdicts = dict(con.execute('select "check", severity from marts.checks').fetchall())
    con.close()
    assert {(trap, setting) for trap, setting, *_ in counted} == {
        (trap, setting) for trap, (setting, _) in traps.TRAPS.items()
    }
    assert {verdicts[f"trap_{trap}"] for trap in traps.TRAPS} == {"warn"}
    known = Settings().model_dump()
    for setting, _ in traps.TRAPS.values():
        section, key = setting.split(".")
        assert key in known[section], setting
    assert set(WORDS["trap"]) == set(traps.TRAPS)
    assert {unit for *_, unit, _ in counted} <= set(WORDS["trap_unit"])
    assert {done for *_, done in counted} <= set(WORDS["trap_done"])


def test_lines_of_every_vendors_deals_are_looked_at_for_repeats():
    reads = tables.queries()["marts.traps"].reads
    deals = {thing.table for thing in contracts.load(CONTRACTS).objects if thing.is_decisive}
    assert deals, "no contract names its deals"
    assert deals <= reads


@pytest.mark.parametrize("trap", traps.TRAPS)
def test_a_check_warns_of_its_own_trap_only(con, trap):
    check = next(check for check in checks.checks() if check.name == f"trap_{trap}")
    con.execute(
        "create table marts.traps as select 's' as source, trap, 5 as found, 50 as looked_at, "
        "'deals' as unit, 'done' as done, 'set' as setting, 'so' as detail, true as is_warning "
        f"from (values ('{trap}'), ('another')) as t (trap)"
    )
    assert not check.run(con).passed
    assert check.run(con).detail == "source s, found 5, of_all 50, unit deals, detail so"
    con.execute(f"update marts.traps set is_warning = false where trap = '{trap}'")
    assert check.run(con).passed
    assert traps.TRAPS[trap][0] in check.description


# ---- since when channels are on record


@pytest.fixture
def observed(con):
    """Observation of channels given as (kind, first day, last day, acts a deal and month)."""

    def observed(*channels, deals=5, born=0, growth=1.0, lone=0):
        con.execute(
            "create or replace table core.parameters as select 1000 as as_of_day, "
            "365 as archive_days, 0.8 as archive_fall_share, 90 as late_start_days, "
            "50 as late_start_min_acts, 0.2 as reply_channel_share"
        )
        con.execute(
            "create or replace table core.deals as select 's' as source, "
            f"'d' || i as deal_id, cast({born} + (1000 - {born}) * pow(i / {20.0 * deals}, "
            f"{1 / growth}) as integer) as created_day, null::integer as closed_day "
            f"from range({20 * deals}) as t (i)"
        )
        con.execute("update core.deals set closed_day = created_day + 150 where created_day < 850")
        parts = [
            f"select 's' as source, '{kind}' as kind, d.created_day + cast(n * 30 / {rate} as "
            f"integer) as known_day, '{kind}' <> 'task' and n % 2 = 0 as is_reply, "
            f"false as is_automatic from core.deals d, range({max(1, int(5 * rate))}) as t (n) "
            f"where d.created_day + n * 30 / {rate} between {first} and {last}"
            for kind, first, last, rate in channels
        ]
        con.execute(f"create or replace table core.activities as {' union all '.join(parts)}")
        con.execute(
            "insert into core.deals select 's' as source, 'lone' || i as deal_id, "
            f"0 as created_day, {born + 90} as closed_day from range({lone}) as t (i)"
        )
        query = tables.queries()["core.observation"]
        return {
            kind: (day, found_by)
            for kind, day, found_by in con.execute(
                f"select kind, observed_from_day, found_by from ({query.sql})"
            ).fetchall()
        }

    return observed


def test_channels_that_were_always_on_record(observed):
    assert observed(("email", 0, 1000, 3), ("meeting", 0, 1000, 1)) == {
        "email": (None, "always"),
        "meeting": (None, "always"),
        "": (None, "channels"),
    }


def test_meetings_older_than_a_year_are_archived(observed):
    found = observed(("email", 0, 1000, 3), ("meeting", 635, 1000, 2))
    assert found["email"] == (None, "always")
    day, found_by = found["meeting"]
    assert found_by == "archive"
    assert 635 <= day <= 675
    assert found[""] == (day, "channels")


def test_mail_switched_on_late(observed):
    found = observed(("call", 0, 1000, 2), ("email", 400, 1000, 3))
    day, found_by = found["email"]
    assert found_by == "late_start"
    assert 400 <= day <= 440
    assert found[""] == (day, "channels")


def test_a_channel_in_which_few_buyers_reply_does_not_blind_the_source(observed):
    found = observed(("email", 0, 1000, 6), ("message", 500, 1000, 1), ("task", 500, 1000, 3))
    assert found["message"][1] == found["task"][1] == "late_start"
    assert found[""] == (None, "channels")


def test_a_small_beginning_is_no_late_start(observed):
    found = observed(("email", 0, 1000, 3), deals=40, growth=3.0)
    assert found["email"] == (None, "always")


def test_one_early_deal_that_nobody_wrote_about_tells_nothing(observed):
    assert observed(("email", 0, 1000, 3), born=300, lone=1)["email"] == (None, "always")
    assert observed(("email", 0, 1000, 3), born=300, lone=9)["email"][1] == "late_start"


def test_a_trickle_before_the_switch_is_no_record(observed):
    found = observed(("call", 0, 1000, 2), ("email", 100, 400, 0.2), ("email", 400, 1000, 5))
    day, found_by = found["email"]
    assert found_by == "late_start"
    assert 380 <= day <= 440


def test_one_old_month_of_mail_is_no_record(observed):
    found = observed(("call", 0, 1000, 2), ("email", 132, 158, 9), ("email", 400, 1000, 3))
    day, found_by = found["email"]
    assert found_by == "late_start"
    # Months are thirty days long, counted back from the last day.
    assert 370 <= day <= 440


def test_a_rare_channel_is_not_judged(observed):
    found = observed(("email", 0, 1000, 3), ("meeting", 970, 1000, 3), deals=2)
    assert found["meeting"] == (None, "always")


# ---- whole exports, one full of traps and one without any


def stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.000Z")


def sf(prefix, number):
    return f"{prefix}5g{number:010d}AAA"


class Export:
    """Files of a Salesforce data export, written line by line."""

    def __init__(self, folder):
        self.folder = folder
        self.lines = {}

    def add(self, name, **values):
        self.lines.setdefault(name, []).append(values)

    def write(self):
        for name, rows in self.lines.items():
            heads = sorted({head for row in rows for head in row}, key=lambda head: head != "Id")
            with (self.folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, heads, restval="")
                writer.writeheader()
                writer.writerows(rows)

    def sellers(self, count):
        for number in range(count):
            self.add(
                "User", Id=sf("005", number), Name=f"Seller {number}",
                Username=f"s{number}@seller.example.com", Email=f"s{number}@seller.example.com",
                IsActive="true", UserType="Standard",
            )  # fmt: skip

    def stages(self):
        for order, (stage, closed, won) in enumerate(
            [("New", 0, 0), ("Demo", 0, 0), ("Closed Won", 1, 1), ("Closed Lost", 1, 0)]
        ):
            self.add(
                "OpportunityStage", Id=sf("01J", order), ApiName=stage, MasterLabel=stage,
                SortOrder=order, IsClosed=closed, IsWon=won,
            )  # fmt: skip

    def deal(self, number, saves, **values):
        """A deal and its saves: (moment, stage, expected close, by which seller)."""
        first, (last, stage, expected, by) = saves[0], saves[-1]
        closed = stage.startswith("Closed")
        told = {
            "Id": sf("006", number), "Name": f"Deal {number:03d} of {number * 7919}",
            "AccountId": sf("001", number), "OwnerId": sf("005", by), "StageName": stage,
            "CreatedDate": stamp(first[0]), "CloseDate": str((last if closed else expected).date()),
            "IsClosed": closed, "IsWon": stage == "Closed Won", "Amount": 1000,
            "LastModifiedDate": stamp(last), "SystemModstamp": stamp(last),
            "CurrencyIsoCode": "USD", "LossReason": "",
        }  # fmt: skip
        reason = values.pop("reason", "")
        told.pop("LossReason")
        self.add("Opportunity", **{**told, "Loss_Reason__c": reason, **values})
        for place, (at, state, close, hand) in enumerate(saves):
            self.add(
                "OpportunityHistory", Id=sf("008", number * 100 + place),
                OpportunityId=sf("006", number), CreatedById=sf("005", hand),
                CreatedDate=stamp(at), StageName=state, CloseDate=str(close.date()), Amount=1000,
            )  # fmt: skip

    def mail(self, number, deal, at, *, incoming, by=0, **values):
        self.add(
            "EmailMessage", Id=sf("02s", number), RelatedToId=sf("006", deal),
            FromAddress="b@buyer.example.org" if incoming else f"s{by}@seller.example.com",
            ToAddress=f"s{by}@seller.example.com" if incoming else "b@buyer.example.org",
            Incoming="true" if incoming else "false", Status="1", MessageDate=stamp(at),
            CreatedDate=stamp(at), Subject=f"Offer {number}", **values,
        )  # fmt: skip

    def task(self, number, deal, at, subject, **values):
        told = {
            "Id": sf("00T", number), "WhatId": sf("006", deal), "Subject": subject,
            "ActivityDate": str(at.date()), "Status": "Completed", "IsClosed": "true",
            "CreatedDate": stamp(at), "CompletedDateTime": stamp(at), "OwnerId": sf("005", 0),
            "WhoId": sf("003", deal), "TaskSubtype": "Task", "CallType": "",
        }  # fmt: skip
        self.add("Task", **{**told, **values})

    def event(self, number, deal, at, made, **values):
        told = {
            "Id": sf("00U", number), "WhatId": sf("006", deal), "Subject": f"Meeting {number}",
            "StartDateTime": stamp(at), "EndDateTime": stamp(at + timedelta(hours=1)),
            "IsAllDayEvent": "false", "CreatedDate": stamp(made), "OwnerId": sf("005", 0),
            "IsChild": "false",
        }  # fmt: skip
        self.add("Event", **{**told, **values})


def ordinary(export, first, count, *, sellers, mail_from=None):
    """Deals without any trap: one each nine days at other hours, talked over, then closed."""
    for place in range(count):
        number = first + place
        begun = datetime(2023, 1, 2, 9, 7) + timedelta(days=9 * place + place % 2, minutes=place)
        begun -= timedelta(days=max(begun.weekday() - 4, 0))
        by, ends = number % sellers, begun + timedelta(days=100, hours=3)
        due = begun + timedelta(days=60 + place % 7)
        later = due + timedelta(days=20 + place % 5)
        saves = [
            (begun, "New", due, by),
            (begun + timedelta(days=14, minutes=place), "Demo", due, by),
            (begun + timedelta(days=41, minutes=3 * place), "Demo", later, by),
        ]
        if ends < TODAY:
            stage = "Closed Won" if place % 3 == 0 else "Closed Lost"
            saves.append((ends, stage, ends, by))
        saves = [save for save in saves if save[0] < TODAY]
        reason = ("Price", "Budget", "Timing")[place % 3]
        export.deal(number, saves, reason=reason if saves[-1][1] == "Closed Lost" else "")
        for week in range(10):
            at = begun + timedelta(days=7 * week + 1, hours=1)
            at -= timedelta(days=max(at.weekday() - 4, 0))
            if at < min(ends, TODAY) and (mail_from is None or at >= mail_from):
                export.mail(number * 100 + week, number, at, incoming=week % 2 == 1, by=by)


def clean(folder):
    """An export in which there is no trap at all."""
    export = Export(folder)
    export.sellers(3)
    export.stages()
    ordinary(export, 0, 80, sellers=3)
    for number in range(3):
        booked = TODAY - timedelta(days=30)
        export.event(number, number, TODAY + timedelta(days=6 + number), booked)
        export.task(number, number, datetime(2023, 3, 1, 10, number), f"Call {number}")
    export.write()


def messy(folder):
    """An export that holds each trap which Salesforce files can hold."""
    export = Export(folder)
    export.sellers(20)
    export.stages()
    ordinary(export, 0, 80, sellers=2, mail_from=datetime(2023, 9, 1))
    # Imported in one minute; later pushed, moved and lost in bulk.
    come = datetime(2023, 5, 3, 10, 0)
    pushed, moved, lost = (come + timedelta(days=days) for days in (40, 80, 200))
    for place in range(12):
        number, second = 200 + place, timedelta(seconds=place)
        due, later = come + timedelta(days=30 + place), datetime(2023, 9, 29)
        export.deal(
            number,
            [
                (come + second, "New", due, 1),
                (pushed + second, "New", later, 1),
                (moved + second, "Demo", later, 1),
                (lost + second, "Closed Lost", lost, 1),
            ],
            CloseDate="2023-10-01" if place == 0 else str(lost.date()),
        )
    # Lost on one day, and created anew three days later.
    again = lost + timedelta(days=3)
    export.deal(
        300,
        [(again, "New", again + timedelta(days=90), 1)],
        Name=f"Copy of Deal 201 of {201 * 7919} (2)",
        AccountId=sf("001", 201),
    )
    # An order, another currency, a date far ahead, one in another century, a deal told twice.
    noon = datetime(2024, 3, 4, 12, 30)
    order = [(noon, "New", noon, 0), (noon + timedelta(hours=2), "Closed Won", noon, 0)]
    export.deal(310, order)
    export.deal(311, [(noon, "New", noon + timedelta(days=60), 0)], CurrencyIsoCode="EUR")
    export.deal(312, [(noon, "New", datetime(2034, 6, 1), 0)], CloseDate="2034-06-01")
    export.deal(313, [(noon, "New", noon + timedelta(days=60), 0)], CloseDate="0204-05-01")
    export.lines["Opportunity"].append(dict(export.lines["Opportunity"][0]))
    # Saves of a deal that is in no file.
    export.deal(320, [(noon, "New", noon, 0)])
    export.lines["Opportunity"].pop()
    # Twins, double logging, tracking, automata, drafts, mail among colleagues.
    export.task(0, 310, noon, "Email: Offer 1", TaskSubtype="Email")
    export.mail(90000, 311, noon, incoming=False, ActivityId=sf("00T", 0))
    for copy in (1, 2):
        export.task(copy, 311, noon + timedelta(minutes=copy), "Call about the offer")
    export.task(3, 311, noon, "Opened: your offer")
    export.mail(90001, 311, noon, incoming=False, AutomationType="AiAutomated")
    export.lines["EmailMessage"][-1]["Subject"] = "Sequence"
    export.mail(90002, 311, noon, incoming=False)
    export.lines["EmailMessage"][-1]["Status"] = "5"
    export.mail(90003, 311, noon, incoming=False)
    export.lines["EmailMessage"][-1]["ToAddress"] = "s1@seller.example.com"
    # A copy of an attendee, a master of a series, a call after today, a meeting far ahead, an act
    # before its deal.
    export.event(1, 311, noon, noon, IsChild="true")
    export.task(4, 311, noon, "Weekly", IsRecurrence="true")
    ahead = TODAY + timedelta(days=40)
    export.task(5, 311, ahead, "Call", CreatedDate=stamp(noon), CompletedDateTime=stamp(ahead))
    export.event(2, 311, TODAY + timedelta(days=400), noon)
    export.task(6, 311, noon - timedelta(days=9), "Call before")
    # Calls in the night.
    for place in range(400):
        night = datetime(2024, 1, 1, 2, 5) + timedelta(days=place % 300, minutes=place % 200)
        export.task(1000 + place, place % 30, night, f"Call {place}")
    export.write()


FOUND = {
    "mass_cleanups": 12, "backdated_closings": 1, "far_close_dates": 1, "migrated_deals": 12,
    "order_entries": 1, "recreated_deals": 1, "other_currencies": 1, "limited_sharing": 18,
    "bulk_moves": 24, "bulk_pushes": 12, "history_without_deals": 1, "twins": 1,
    "logged_twice": 1, "tracking_rows": 1, "automatic_acts": 1, "drafts": 1, "internal_acts": 1,
    "attendee_copies": 1, "series_masters": 1, "future_acts": 1, "early_bookings": 1,
    "wrong_century": 1, "repeated_lines": 1,
}  # fmt: skip


def counted(core):
    tables.build(core.con, tables.queries()["marts.traps"])
    return dict(core.rows("select trap, found from marts.traps"))


def test_an_export_without_traps(told, folder):
    clean(folder)
    core = told(folder, "[source]\nreporting_currency = 'USD'\n")
    assert {trap: found for trap, found in counted(core).items() if found} == {}
    assert core.rows("select count(*) from marts.traps where is_warning") == [(0,)]


def test_an_export_full_of_traps(told, folder):
    messy(folder)
    core = told(folder, "[source]\nreporting_currency = 'USD'\n")
    found = counted(core)
    assert {trap: found[trap] for trap in FOUND} == FOUND
    assert found["late_channels"] > 0
    assert found["off_hours"] >= 400
    assert found["acts_before_deals"] >= 1
    loud = {trap for (trap,) in core.rows("select trap from marts.traps where is_warning")}
    assert {"migrated_deals", "late_channels", "wrong_century", "off_hours"} <= loud
    assert not {"twins", "drafts", "repeated_lines"} & loud

    assert core.rows("select count(*) from core.close_date_changes where is_push and is_bulk") == [
        (0,)
    ]
    assert core.rows(
        f"select recycled_from from core.deals where source_id = '{sf('006', 300)}'"
    ) == [(f"salesforce:{sf('006', 201)}",)]
    # The system's stamp dates the closing, whatever date was written on the row.
    assert core.rows(
        "select cast(closed_at as date) = date '2023-11-19' from core.deals where is_backdated"
    ) == [(True,)]


def test_silence_before_mail_was_logged_is_unobserved(told, folder):
    messy(folder)
    core = told(folder)
    (day,) = core.rows("select observed_from_day from core.observation where kind = ''")[0]
    assert abs(day - (datetime(2023, 9, 1) - datetime(1970, 1, 1)).days) <= 31
    assert core.rows(f"select count(*) from core.silences where start_day < {day}") == [(0,)]
    assert core.rows(f"select count(*) from core.stalls where stalled_day < {day}") == [(0,)]
    always = told(folder, "[traps]\nlate_start_days = 3650\n")
    assert always.rows(f"select count(*) > 0 from core.stalls where stalled_day < {day}") == [
        (True,)
    ]


HUBSPOT = {
    "all-deals.csv": """\
hs_object_id,dealname,dealstage,pipeline,closedate,createdate,hs_lastmodifieddate,\
hubspot_owner_id,hs_merged_object_ids,archived
1,Alder,open1,7,2024-09-30T00:00:00Z,2024-02-01T09:00:00Z,2024-05-02T10:00:03Z,902,,false
2,Birch,open1,7,2024-09-30T00:00:00Z,2024-02-08T11:00:00Z,2024-05-02T10:00:04Z,902,,false
3,Cedar,open1,7,2024-09-30T00:00:00Z,2024-02-15T13:00:00Z,2024-06-02T10:00:00Z,902,4,false
4,Cedar again,open1,7,2024-09-30T00:00:00Z,2024-02-16T13:00:00Z,2024-03-02T10:00:00Z,901,,false
5,Dogwood,lost1,7,2024-04-30T00:00:00Z,2024-02-20T15:00:00Z,2024-04-30T10:00:00Z,901,,true
""",
    "owners.csv": """\
Owner ID,User ID,First name,Last name,Email
901,801,Ana,Silva,ana@us.example
902,802,Ben,Okafor,ben@us.example
""",
    "pipelines.csv": """\
Pipeline ID,Pipeline,Stage ID,Stage,Display order,Is closed,Probability
7,Sales,open1,Proposal,0,false,0.3
7,Sales,lost1,Lost,1,true,0.0
""",
    "property-history.csv": """\
Object ID,Property,Value,Timestamp,Change source,Updated by user ID
1,dealstage,open1,2024-02-01T09:00:00Z,CRM_UI,801
2,dealstage,open1,2024-02-08T11:00:00Z,CRM_UI,801
3,dealstage,open1,2024-02-15T13:00:00Z,CRM_UI,801
5,dealstage,open1,2024-02-20T15:00:00Z,CRM_UI,801
1,hubspot_owner_id,901,2024-02-01T09:00:00Z,CRM_UI,801
1,hubspot_owner_id,902,2024-05-02T10:00:03Z,CRM_UI_BULK_ACTION,801
2,hubspot_owner_id,901,2024-02-08T11:00:00Z,CRM_UI,801
2,hubspot_owner_id,902,2024-05-02T10:00:04Z,CRM_UI_BULK_ACTION,801
3,hubspot_owner_id,ana@us.example,2024-02-15T13:00:00Z,CRM_UI,801
3,hubspot_owner_id,901,2024-03-01T10:00:00Z,CRM_UI,801
3,hubspot_owner_id,902,2024-06-02T10:00:00Z,CRM_UI,801
""",
    "emails.csv": """\
Record ID,Activity date,Create date,Email direction,Email send status,Email subject,\
Associated Deal IDs,hs_email_from_email,hs_email_to_email
71,2024-02-20 10:00,2024-02-20 10:00,INCOMING_EMAIL,SENT,Offer,4,b@them.example,ana@us.example
72,2024-02-21 10:00,2024-02-21 10:00,EMAIL,SCHEDULED,Offer,3,ana@us.example,b@them.example
73,2024-02-22 10:00,2024-02-22 10:00,EMAIL,SENT,Offer,3,ana@us.example,ben@us.example
""",
}


def test_owners_merges_and_deletions(told, folder):
    for name, text in HUBSPOT.items():
        (folder / name).write_text(text, encoding="utf-8")
    core = told(folder)
    assert core.report.loaded and not core.rows("select * from raw.rejects")
    assert core.rows(
        "select deal_id, cast(changed_at as varchar), from_seller_id, to_seller_id, changed_by, "
        "is_bulk from core.owner_changes order by deal_id"
    ) == [
        ("hubspot:1", "2024-05-02 10:00:03", "hubspot:901", "hubspot:902", "hubspot:901", True),
        ("hubspot:2", "2024-05-02 10:00:04", "hubspot:901", "hubspot:902", "hubspot:901", True),
        ("hubspot:3", "2024-06-02 10:00:00", "hubspot:901", "hubspot:902", "hubspot:901", False),
    ]
    found = counted(core)
    assert {trap: found[trap] for trap in ("owner_transfers", "merged_deals", "deleted_deals")} == {
        "owner_transfers": 2,
        "merged_deals": 1,
        "deleted_deals": 1,
    }
    assert core.rows("select detail from marts.traps where trap = 'deleted_deals'") == [
        ("won 0, lost 1, open 0, unknown 0",)
    ]
    assert core.rows("select deal_id from core.deals order by 1") == [
        ("hubspot:1",),
        ("hubspot:2",),
        ("hubspot:3",),
    ]
    # The buyer wrote on the deal that was merged away.
    assert core.rows("select deal_id from core.activities where is_reply") == [("hubspot:3",)]
    assert (found["drafts"], found["internal_acts"]) == (1, 1)


def with_features(core):
    for query in tables.queries().values():
        if query.schema == "features":
            tables.build(core.con, query)
    return core


def test_snapshots_before_mail_was_logged_are_unobserved(told, folder):
    messy(folder)
    core = with_features(told(folder, "[comparison]\nseller_active_days = 3650\n"))
    (day,) = core.rows("select observed_from_day from core.observation where kind = ''")[0]
    assert core.rows(
        f"select snapshot_day >= {day}, count(*) filter (where is_observed) > 0, count(*) > 50 "
        "from features.snapshots group by 1 order by 1"
    ) == [(False, False, True), (True, True, True)]
    assert core.rows(
        "select distinct ineligible_reason from features.decision_points "
        f"where signal_day < {day} and not is_eligible and ineligible_reason <> 'excluded'"
    ) == [("unobserved",)]


@pytest.mark.parametrize("write", [clean, messy])
def test_no_treatment_knows_the_future(told, folder, write):
    write(folder)
    core = with_features(told(folder))
    passed, words = rewind.check(core.con)
    assert passed, words
    assert int(re.match(r"(\d+) snapshots compared", words)[1]) > 300
