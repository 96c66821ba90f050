"""The rewind property over random histories, told as rows of crm: no feature knows the future."""

import random
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from models.features import FEATURES
from pipelines import contracts, exports, ingest, rewind, seeds, tables, warehouse
from pipelines import settings as settings_file
from pipelines.loading import Options
from pipelines.night import CONTRACTS, RULES

# Any export brings about the tables; what it holds is taken out again.
EXPORT = Path(__file__).parent / "exports" / "sheet" / "english"
DAY = 86_400
TODAY = 20_000
SPAN = 300
STAGES = ("new", "proposal", "negotiation", "contract")
ENDS = ("closed won", "closed lost")
SELLERS = ("s1", "s2", "s3")
SUBJECTS = ("maybe later this year", "re: offer", "call", None)
REASONS = ("no budget", "went silent", "chose a competitor", "not a fit for us", None)
FIELDS = ("MEDDPICC_Champion__c", "Budget_Confirmed__c", "Loss_Reason__c")


def deal_rows(number, seed):
    """Everything that happens to one deal, by table; the seed decides it."""
    dice = random.Random(seed)
    deal_id = f"crm:{number}"
    key = {"source": "crm", "deal_id": deal_id}
    born = TODAY - dice.randrange(5, SPAN)
    life = dice.randrange(3, 160)
    created = born * DAY + dice.randrange(DAY)
    rows = {}

    def moment(late=30):
        return min(created + dice.randrange((life + late) * DAY), (TODAY + 1) * DAY - 1)

    def moments(most, late=30):
        return sorted(moment(late) for _ in range(dice.randrange(most + 1)))

    def at(table, /, **columns):
        rows.setdefault(table, []).append({**key, **columns})

    # Stages, close dates and amounts, with an end and perhaps a new beginning.
    path = [(created, "new")] + [(sec, dice.choice(STAGES)) for sec in moments(4, 0)]
    end = created + life * DAY
    if dice.random() < 0.8 and end < (TODAY + 1) * DAY:
        path = [one for one in path if one[0] < end] + [(end, dice.choice(ENDS))]
        if dice.random() < 0.3:
            path += [(end + dice.randrange(1, 30) * DAY, "proposal")]
            path += [(path[-1][0] + dice.randrange(1, 60) * DAY, dice.choice(ENDS))]
    path = [one for one in path if one[0] < (TODAY + 1) * DAY]
    due, amount = born + dice.randrange(20, 90), 100.0 * dice.randrange(1, 90)
    for place, (sec, stage) in enumerate(path):
        due += dice.choice((0, 0, 14, 30, -7))
        amount *= dice.choice((1.0, 1.0, 0.9))
        close_day = sec // DAY if stage in ENDS else due
        at(
            "deal_states",
            state_id=f"{deal_id}/{place}",
            sort_key=f"{place:03}",
            changed_sec=sec,
            changed_by=dice.choice(SELLERS),
            stage=stage,
            amount=amount,
            expected_close_day=close_day,
        )
    last = path[-1][1]
    owner = dice.choice(SELLERS)
    for sec in moments(2, 60):
        to = dice.choice([name for name in SELLERS if name != owner])
        at("owner_changes", changed_sec=sec, from_seller_id=owner, to_seller_id=to)
        owner = to
    is_closed = last in ENDS
    at(
        "deals",
        source_id=str(number),
        account_id=dice.choice(("a1", "a2", None)),
        seller_id=owner,
        pipeline="default",
        name=f"deal {number}",
        amount=amount,
        currency="EUR",
        created_sec=created,
        close_day=close_day,
        is_closed=is_closed,
        is_won=last == ENDS[0],
        stage=last,
        lost_reason=dice.choice(REASONS) if last == ENDS[1] else None,
        lead_source=dice.choice(("Web", "Partner referral", None)),
        last_stage_change_sec=path[-1][0],
        modified_sec=path[-1][0],
        has_own_id=True,
    )
    for act, happened in enumerate(moments(9)):
        kind = dice.choice(("email", "email", "call", "meeting"))
        recorded = happened + dice.choice((0, 0, 5, -12)) * DAY
        recorded = min(max(recorded, created), (TODAY + 1) * DAY - 1)
        is_meeting = kind == "meeting"
        called_off = happened - DAY if is_meeting and dice.random() < 0.2 else None
        at(
            "activities",
            activity_id=f"{deal_id}/{act}",
            seller_id=dice.choice(SELLERS),
            contact_id=dice.choice(("c1", "c2", None)),
            happened_sec=happened,
            recorded_sec=recorded,
            kind=kind,
            direction="mutual" if is_meeting else dice.choice(("inbound", "outbound")),
            status="cancelled" if called_off else "done",
            cancelled_sec=called_off,
            subject=dice.choice(SUBJECTS),
            is_automatic=False,
            is_twin=False,
        )
    for person, sec in enumerate(moments(3)):
        title = dice.choice(("CFO", "Buyer", None))
        at("deal_contacts", contact_id=f"c{person}", title=title, added_sec=sec)
    for option, sec in enumerate(moments(3)):
        gone = sec + dice.randrange(90) * DAY
        at(
            "options",
            option_id=f"{deal_id}/{option}",
            kind=dice.choice(("ours", "competitor", "incumbent")),
            offered_sec=sec,
            withdrawn_sec=gone if gone < (TODAY + 1) * DAY else None,
        )
    for promise, sec in enumerate(moments(3)):
        kept = sec + dice.randrange(60) * DAY
        at(
            "commitments",
            commitment_id=f"{deal_id}/{promise}",
            made_sec=sec,
            due_day=sec // DAY + dice.randrange(20),
            kept_sec=kept if kept < (TODAY + 1) * DAY and dice.random() < 0.7 else None,
            made_by=dice.choice(("buyer", "seller")),
        )
    for answer, sec in enumerate(moments(4)):
        at(
            "qualification",
            field=dice.choice(FIELDS),
            value=dice.choice(("yes", "no", None)),
            change_id=str(answer),
            answered_sec=sec,
        )
    return rows


@pytest.fixture(scope="module")
def flow(tmp_path_factory):
    """A warehouse in memory with the empty tables of crm, and a way to tell it a history."""
    with warehouse.in_memory() as con:
        temp = tmp_path_factory.mktemp("temp")
        offered = exports.offered(EXPORT, temp)
        ingest.ingest(con, offered, contracts.load(CONTRACTS), temp, Options())
        seeds.write(con, RULES, settings_file.load(None).parameters(None), [])
        made = tables.queries()
        shapes = [q.table for q in made.values() if q.schema == "crm" and q.path is None]
        for query in made.values():
            if query.schema == "crm":
                tables.build(con, query)
        for shape in shapes:
            con.execute(f"create table kept as select * from crm.{shape} limit 0")
            tables.drop(con, f"crm.{shape}")
            con.execute(f"create table crm.{shape} as from kept")
            con.execute("drop table kept")
        needed = rewind.needed_for("features.snapshots")

        def tell(history):
            for shape in shapes:
                con.execute(f"delete from crm.{shape}")
            for name, rows in history.items():
                if not rows:
                    continue
                con.register("frame", pd.DataFrame(rows, dtype=object))
                con.execute(f"insert into crm.{name} by name select * from frame")
                con.unregister("frame")
            for query in made.values():
                if query.name in needed:
                    tables.build(con, query)
            return con

        yield tell


def history(seeds_of_deals, declared):
    """A company of these deals; `declared`: its source sets the lead source at creation."""
    found = {
        "stages": [
            {"source": "crm", "pipeline": "default", "stage": stage, "stage_order": place}
            | {"is_closed": stage in ENDS, "is_won": stage == ENDS[0]}
            for place, stage in enumerate((*STAGES, *ENDS))
        ],
        "sellers": [
            {"source": "crm", "seller_id": name, "is_active": True, "is_automatic": False}
            for name in SELLERS
        ],
        "accounts": [
            {"source": "crm", "account_id": name, "incumbent": "Old Ltd", "created_sec": 0}
            for name in ("a1", "a2")
        ],
        "stamps": [{"source": "crm", "newest_sec": (TODAY + 1) * DAY - 1}],
        "creation_facts": [{"source": "crm", "attribute": "lead_source"}] if declared else [],
    }
    for number, seed in enumerate(seeds_of_deals):
        for name, rows in deal_rows(number, seed).items():
            found.setdefault(name, []).extend(rows)
    return found


def differing(con, day):
    rewind.rebuild_until(con, day)
    try:
        return rewind.differences(con, day, sampled=False)
    finally:
        con.execute("detach rewound")


@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    # Each example builds the flow twice: the smallest one would take minutes to find.
    phases=(Phase.explicit, Phase.generate),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    deals=st.lists(st.integers(0, 2**32), min_size=5, max_size=30, unique=True),
    weeks=st.integers(1, SPAN // 7 - 10),
    declared=st.booleans(),
)
def test_what_came_later_changes_no_feature(flow, deals, weeks, declared):
    con = flow(history(deals, declared))
    assert differing(con, TODAY - 7 * weeks) == {}


def test_the_histories_give_every_feature_something_to_tell(flow):
    """A feature that never varied would be proved by nothing."""
    con = flow(history(range(60), declared=True))
    flat = {
        name
        for name in FEATURES
        if con.execute(f'select count(distinct "{name}") from features.snapshots').fetchall()[0][0]
        < 2
    }
    assert differing(con, TODAY - 56) == {}
    # One pipeline, one framework each; every channel is on record throughout.
    assert flat == {
        "pipeline",
        *(f"qualification_{name}" for name in ("spin", "challenger", "message", "custom")),
        *(f"is_{channel}_observed" for channel in ("email", "call", "meeting")),
    }


def test_a_sample_of_accounts_is_rebuilt_without_the_others(flow):
    """And tells no difference that only the sampling made."""
    told = history(range(60), declared=True)
    for number, deal in enumerate(told["deals"]):
        deal["account_id"] = f"a{number % 20}"
    con = flow(told)
    rewind.rebuild_until(con, TODAY - 56, 4)
    try:
        here, of_acts = (
            {name for (name,) in con.execute(f"select distinct deal_id from {table}").fetchall()}
            for table in ("rewound.crm.deals", "rewound.crm.activities where deal_id is not null")
        )
        assert 5 < len(here) < 55
        assert of_acts <= here
        assert rewind.differences(con, TODAY - 56, sampled=True) == {}
    finally:
        con.execute("detach rewound")


def test_a_feature_that_reads_the_present_is_named(flow, monkeypatch):
    """Were the owner of today read for every day, the check would say so."""
    today = (
        "select deal_id, seller_id, 0 as place, 0 as from_sec, null::bigint as until_sec, "
        "9999 as from_week, -1 as until_week from core.deals"
    )
    made = dict(tables.queries())
    made["features.owner_spells"] = replace(made["features.owner_spells"], sql=today)
    monkeypatch.setattr(tables, "queries", lambda: made)
    con = flow(history(range(40), declared=True))
    for table in ("owner_spells", "seller_past", "snapshots"):
        tables.build(con, made[f"features.{table}"])
    assert {"seller_id", "seller_no_decision_rate"} <= set(differing(con, TODAY - 56))


def test_every_column_of_a_deal_is_judged(flow):
    """A new column of crm.deals must be said to be no news, dated elsewhere, or today's."""
    con = flow(history([1], declared=True))
    columns = {name for name, *_ in con.execute("describe crm.deals").fetchall()}
    judged = [*rewind.KEPT, *rewind.DATED, *rewind.PRESENT]
    assert sorted(judged) == sorted(columns)


def test_every_dated_table_is_cut(flow):
    con = flow(history([1], declared=True))
    dated = {
        table
        for (table,) in con.execute(
            "select distinct table_name from duckdb_columns() where schema_name = 'crm' "
            "and column_name like '%\\_sec' escape '\\' and table_name in "
            "(select table_name from duckdb_tables() where schema_name = 'crm')"
        ).fetchall()
    }
    # What is newest is told by settings in a rebuilt past.
    assert dated - {"stamps"} == set(rewind.RECORDED)
