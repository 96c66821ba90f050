"""One company in the shape of three CRMs gives the same core tables, but for what a format cannot
hold. The Salesforce export holds all there is, so the others are compared with it: every column of
every table is equal unless a rule here says what it is instead, and why."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pytest

from models.simulate import (
    NAMES,
    Company,
    simulate,
    write_hubspot,
    write_pipedrive,
    write_salesforce,
)

COMPANY = Company(seed=11, deals=260, sellers=9, months=14)
TABLES = (
    "deals",
    "outcomes",
    "stage_changes",
    "close_date_changes",
    "activities",
    "deal_contacts",
    "options",
    "commitments",
    "leads",
    "stages",
    "signs_of_life",
)
# What each CRM calls the records behind a column of ids, and what the simulator calls them.
KINDS = {
    "salesforce": {
        "deal_id": {"Opportunity": "deal"},
        "recycled_from": {"Opportunity": "deal"},
        "account_id": {"Account": "account"},
        "seller_id": {"User": "seller"},
        "changed_by": {"User": "seller"},
        "contact_id": {"Contact": "contact"},
        "lead_id": {"Lead": "lead"},
        "option_id": {"Quote": "quote", "OpportunityCompetitor": "rival"},
        "activity_id": {"EmailMessage": "mail", "Task": "entry", "Event": "meeting"},
        "commitment_id": {"Task": "entry"},
    },
    "hubspot": {
        "deal_id": {"deal": "deal"},
        "recycled_from": {"deal": "deal"},
        "account_id": {"company": "account"},
        "seller_id": {"owner": "seller"},
        "changed_by": {"owner": "seller"},
        "contact_id": {"contact": "contact"},
        "lead_id": {"lead": "lead"},
        "option_id": {"quote": "quote"},
        "activity_id": {
            "email": "mail",
            "tool_email": "entry",
            "call": "entry",
            "task": "entry",
            "meeting": "meeting",
        },
        "commitment_id": {"task": "entry"},
    },
    "pipedrive": {
        "deal_id": {"deal": "deal"},
        "recycled_from": {"deal": "deal"},
        "account_id": {"organization": "account"},
        "seller_id": {"user": "seller"},
        "changed_by": {"user": "seller"},
        "contact_id": {"person": "contact"},
        "lead_id": {"lead": "lead"},
        "activity_id": {"mail_message": "mail", "entry": "entry", "meeting": "meeting"},
        "commitment_id": {"entry": "entry"},
    },
}
MANY = 12_000


@dataclass
class Core:
    """The core tables of one export, with the simulator's names for all that has an id."""

    tables: dict[str, pd.DataFrame]
    capabilities: dict[str, tuple[str, str]]
    roles: pd.DataFrame  # crm.deal_contacts


@pytest.fixture(scope="module")
def history():
    return simulate(COMPANY)


@pytest.fixture(scope="module")
def kept():
    return {}


@pytest.fixture
def core(told, kept, history, tmp_path):
    """The core tables of the company in the shape of a CRM."""
    writers = {
        "salesforce": write_salesforce,
        "hubspot": write_hubspot,
        "hubspot labels": lambda history, folder: write_hubspot(history, folder, labels=True),
        "pipedrive": write_pipedrive,
    }

    def core(shape):
        if shape not in kept:
            writers[shape](history, tmp_path / shape)
            kept[shape] = read(told(tmp_path / shape), shape.split()[0])
        return kept[shape]

    return core


def read(told, crm):
    assert told.rows("select * from raw.rejects") == []
    assert told.rows("select path from raw.files where decision <> 'loaded'") == []
    names = {
        column: {
            f"{crm}:{'mail/' if kind == 'mail_message' else ''}{one}": f"{ours} {number}"
            for kind, ours in kinds.items()
            for number, one in enumerate(NAMES[crm][0](kind, np.arange(MANY)))
        }
        for column, kinds in KINDS[crm].items()
    }

    def frame(table):
        rows = told.con.execute(f"select * from {table}").df()
        for column in rows.columns.intersection(list(names)):
            rows[column] = rows[column].map(lambda one, c=column: names[c].get(one, one))
        return rows

    rows = told.rows("select capability, value, detail from core.capabilities")
    return Core(
        {table: frame(f"core.{table}") for table in TABLES},
        {capability: (value, detail) for capability, value, detail in rows},
        frame("crm.deal_contacts"),
    )


def equal(ours, theirs):
    """The same value, or none in both."""
    return (ours == theirs).fillna(False).astype(bool) | (ours.isna() & theirs.isna())


def to_the_minute(ours, theirs):
    """Times, or epoch seconds, within the same minute."""
    if pd.api.types.is_datetime64_any_dtype(ours):
        return equal(ours.dt.floor("min"), theirs.dt.floor("min"))
    return equal(ours // 60, theirs // 60)


def any_value(ours, theirs):
    return pd.Series(True, ours.index)


def not_told(ours, theirs):
    return theirs.isna()


def always(value):
    return lambda ours, theirs: theirs == value


def told_as(words):
    """Other words for the same thing."""
    return lambda ours, theirs: equal(ours.replace(words), theirs)


def less(by):
    return lambda ours, theirs: equal(ours - by, theirs)


@dataclass
class Shape:
    """What a format makes of a table: which rows it cannot hold, which it tells apart from the
    rest (and a test of its own looks at), and which columns are not equal but as a rule says."""

    key: list[str]
    lacks: object = None
    apart: object = None
    rules: dict = field(default_factory=dict)


def compare(core, crm, table, shape, ours=None, theirs=None):
    ours = core("salesforce").tables[table] if ours is None else ours
    theirs = core(crm).tables[table] if theirs is None else theirs
    assert list(ours.columns) == list(theirs.columns)
    assert len(ours) > 0
    if shape.lacks is not None:
        lacking = shape.lacks(ours)
        assert lacking.any(), "nothing is lacking, so the exception is not needed"
        ours = ours[~lacking]
    ours = ours.set_index(shape.key).sort_index()
    theirs = theirs.set_index(shape.key).sort_index()
    assert ours.index.is_unique
    assert theirs.index.is_unique
    assert list(ours.index) == list(theirs.index)
    if shape.apart is not None:
        apart = shape.apart(ours.reset_index()).to_numpy(dtype=bool)
        assert 0 < apart.sum() < len(ours) / 2
        ours, theirs = ours[~apart], theirs[~apart]
    assert set(shape.rules) <= set(ours.columns)
    different = {}
    for column in ours.columns:
        rule = shape.rules.get(column, equal)
        bad = ~rule(ours[column], theirs[column]).to_numpy(dtype=bool)
        if bad.any():
            pairs = pd.DataFrame({"salesforce": ours[column], crm: theirs[column]})[bad]
            different[column] = f"{bad.sum()} of {len(bad)}:\n{pairs.head(5)}"
        if rule is not equal and rule is not any_value:
            exact = equal(ours[column], theirs[column]).all()
            assert not exact, f"{column} is equal, so the exception is not needed"
    assert not different, "\n".join(f"{name}: {what}" for name, what in different.items())


# HubSpot. Lists tell times to the minute; stages are counted from 0 and stand in a named pipeline.
HUBSPOT = {
    "deals": Shape(
        ["deal_id"],
        rules={
            "source": always("hubspot"),
            "source_id": any_value,
            "pipeline": always("Sales Pipeline"),
            "created_at": to_the_minute,
            "created_sec": to_the_minute,
        },
    ),
    "stages": Shape(
        ["stage"],
        rules={
            "source": always("hubspot"),
            "pipeline": always("Sales Pipeline"),
            "stage_order": less(1),
        },
    ),
    "stage_changes": Shape(["deal_id", "seq"], rules={"to_stage_order": less(1)}),
    "commitments": Shape(
        ["commitment_id"],
        rules={
            "made_at": to_the_minute,
            "made_sec": to_the_minute,
            "kept_at": to_the_minute,
            "kept_sec": to_the_minute,
        },
    ),
    # There is no record of a rival, and a quote tells its amount, not what was taken off.
    "options": Shape(
        ["option_id"],
        lacks=lambda rows: rows["kind"] != "ours",
        rules={
            "discount": not_told,
            "offered_at": to_the_minute,
            "offered_sec": to_the_minute,
        },
    ),
    "leads": Shape(
        ["lead_id"],
        rules={
            "source": always("hubspot"),
            "status": told_as(
                {
                    "Open - Not Contacted": "new-stage-id",
                    "Closed - Converted": "qualified-stage-id",
                    "Unqualified": "unqualified-stage-id",
                }
            ),
            "created_at": to_the_minute,
            "created_sec": to_the_minute,
            "disqualified_at": to_the_minute,
            "disqualified_sec": to_the_minute,
        },
    ),
}


@pytest.mark.parametrize("table", sorted(HUBSPOT))
def test_hubspot_tells_the_same(core, table):
    compare(core, "hubspot", table, HUBSPOT[table])


def while_open(rows, history):
    """Close dates set on open deals: closing overwrites the date in one CRM and not in another, so
    a date set on opening again may or may not be a change."""
    saves = history.facts.saves
    again = saves[(saves["kind"] == "create") & saves["deal"].duplicated()]
    reopenings = set(zip("deal " + again["deal"].astype(str), again["created"], strict=True))
    assert reopenings
    at = zip(rows["deal_id"], rows["changed_sec"], strict=True)
    is_again = np.array([one in reopenings for one in at])
    return rows[~rows["is_at_close"].to_numpy(dtype=bool) & ~is_again]


# `seq` numbers the saves, and only Salesforce keeps a save that changed nothing.
CLOSE_DATES = Shape(["deal_id", "changed_sec"], rules={"seq": any_value})


def test_hubspot_tells_the_same_pushes(core, history):
    ours, theirs = (
        while_open(core(crm).tables["close_date_changes"], history)
        for crm in ("salesforce", "hubspot")
    )
    assert ours["is_push"].sum() > 100
    compare(core, "hubspot", "close_date_changes", CLOSE_DATES, ours, theirs)
    at_close = core("salesforce").tables["close_date_changes"]["is_at_close"]
    # HubSpot sets the date to now on closing, so what it was set to then is nobody's word.
    assert at_close.any()
    assert not core("hubspot").tables["close_date_changes"]["is_at_close"].any()


def of_leads(rows, history):
    """Mail to somebody who was a lead then."""
    entries = history.facts.entries
    of_lead = "entry " + entries.loc[entries["what"] == "lead_email", "number"].astype(str)
    return rows["activity_id"].isin(set(of_lead))


def of_day(ours, theirs):
    """Salesforce tells when a call or a tool's mail was put down, which is a minute after it, or
    only its day; elsewhere it has a time of its own."""
    if pd.api.types.is_datetime64_any_dtype(ours):
        return equal(ours.dt.floor("D"), theirs.dt.floor("D"))
    return equal(ours // 86_400, theirs // 86_400)


def by_kind(ours, theirs):
    is_entry = ours.index.get_level_values(0).str.startswith("entry")
    return of_day(ours, theirs).where(is_entry, to_the_minute(ours, theirs))


def test_hubspot_tells_the_same_acts(core, history):
    compare(
        core,
        "hubspot",
        "activities",
        Shape(
            ["activity_id"],
            apart=lambda rows: of_leads(rows, history),
            rules={
                "source": always("hubspot"),
                "happened_at": by_kind,
                "happened_sec": by_kind,
                "recorded_at": to_the_minute,
                "recorded_sec": to_the_minute,
                "known_sec": to_the_minute,
                "booked_until_sec": to_the_minute,
                # Every mail has a direction; a tool's mail in Salesforce has it in its subject.
                "direction_from": lambda ours, theirs: (theirs == "native") | equal(ours, theirs),
            },
        ),
    )


def test_hubspot_files_mail_to_a_lead_under_the_person(core, history):
    """Salesforce carries it over to the deal that the lead became. HubSpot leaves it there, where
    it can only count on another deal that the company had open then."""
    ours, theirs = (core(crm).tables["activities"] for crm in ("salesforce", "hubspot"))
    ours, theirs = (
        rows[of_leads(rows, history)].set_index("activity_id").sort_index()
        for rows in (ours, theirs)
    )
    assert list(ours.index) == list(theirs.index)
    known = ours["deal_id"].notna()
    assert known.sum() > 50
    assert (theirs["deal_id"] != ours["deal_id"])[known].all()
    assert theirs["deal_id"].isna().mean() > 0.9
    assert ours["is_clamped"][known].all()
    for column in ("seller_id", "contact_id", "account_id", "direction", "kind", "topic"):
        assert equal(ours[column], theirs[column])[known].all(), column


def test_hubspot_does_not_say_when_people_joined(core):
    """So nobody is on a deal as of a day, though who and in which role is told."""
    ours, theirs = core("salesforce").tables["deal_contacts"], core("hubspot")
    assert theirs.tables["deal_contacts"].empty
    key = ["deal_id", "contact_id"]
    told = theirs.roles.set_index(key).sort_index()
    ours = ours.set_index(key).sort_index()
    assert list(ours.index) == list(told.index)
    assert equal(ours["role"], told["role"]).all()
    assert told["added_at"].isna().all()


def with_people_who_joined(core):
    signs = core("salesforce").tables["signs_of_life"]
    return set(signs.loc[signs["sign"] == "contact", "deal_id"])


def test_hubspot_tells_the_same_endings(core):
    """Who joined is a sign of life, and without it a silence may begin earlier or be one."""
    joined = with_people_who_joined(core)
    compare(
        core,
        "hubspot",
        "outcomes",
        Shape(["deal_id"], apart=lambda rows: rows["deal_id"].isin(joined)),
    )


def test_hubspot_labels_tell_the_same_but_the_history(core):
    """What is on the screen holds the latest entry into each stage, and no earlier date."""
    ours, theirs = core("hubspot"), core("hubspot labels")
    for table in ("activities", "options", "commitments", "stages"):
        key = list(ours.tables[table].columns[:2])
        left, right = (
            one.tables[table].sort_values(key, ignore_index=True) for one in (ours, theirs)
        )
        pd.testing.assert_frame_equal(left, right, obj=table)
    left, right = (one.tables["deals"].set_index("deal_id").sort_index() for one in (ours, theirs))
    assert set(left["history_level"]) == {"full"}
    assert set(right["history_level"]) == {"latest_per_stage"}
    for column in ("status", "stage", "seller_id", "account_id", "amount", "created_at", "name"):
        assert equal(left[column], right[column]).all(), column
    assert to_the_minute(left["closed_at"], right["closed_at"]).all()
    closed = left["status"] != "open"
    assert left.loc[closed, "expected_close_on"].notna().all()
    assert right.loc[closed, "expected_close_on"].isna().all()


def test_capabilities_say_the_rest(core):
    ours, theirs = core("salesforce").capabilities, core("hubspot").capabilities
    for capability in (
        "stage_history",
        "expected_close",
        "activity_direction",
        "activity_level",
        "lost_reason",
        "lost_reason_fill",
        "competitor",
        "contacts",
        "leads",
        "lead_source",
        "currency",
    ):
        assert ours[capability] == theirs[capability], capability
    assert ours["activity_direction"][0] == "native"
    # Rivals are options that only Salesforce lists.
    options = core("salesforce").tables["options"]
    assert ours["quotes"] == ("dated", f"{len(options)} options")
    assert theirs["quotes"] == ("dated", f"{(options['kind'] == 'ours').sum()} options")


# Pipedrive. Endings are statuses, of which one is a loss.
ENDINGS = {"Closed Won": "Won", "Closed Lost": "Lost", "Closed - No Decision": "Lost"}
NO_DECISION = "Closed - No Decision"


def is_open_stage(ours, theirs):
    """Stages keep their order; the statuses that end a deal have no place in it."""
    return equal(ours.where(ours <= 8), theirs)


def told_as_reason(ours, theirs):
    """A loss that had a stage of its own, and no reason, has the stage's name for one."""
    return equal(ours, theirs) | (ours.isna() & (theirs == NO_DECISION))


def or_lost(ours, theirs):
    """A stage that says how a deal was lost has no equal."""
    return equal(ours, theirs) | ((ours == "no_decision") & (theirs == "lost"))


PIPEDRIVE = {
    "deals": Shape(
        ["deal_id"],
        rules={
            "source": always("pipedrive"),
            "source_id": any_value,
            "pipeline": always("Pipeline"),
            "currency": always("USD"),
            "stage": told_as(ENDINGS),
            "stage_class": or_lost,
            "lost_reason": told_as_reason,
            # A status keeps the time at which it was set, and no other date of closing.
            "is_backdated": always(False),
            # Read off the mail, and only here.
            "last_inbound_sec": any_value,
            "last_outbound_sec": any_value,
        },
    ),
    "stage_changes": Shape(
        ["deal_id", "seq"],
        rules={
            "from_stage": told_as(ENDINGS),
            "to_stage": told_as(ENDINGS),
            "to_stage_order": is_open_stage,
            "to_stage_class": or_lost,
        },
    ),
    "commitments": Shape(["commitment_id"]),
    # A lead that became a deal is in the inbox no more.
    "leads": Shape(
        ["lead_id"],
        lacks=lambda rows: rows["status"] == "Closed - Converted",
        rules={
            "source": always("pipedrive"),
            "status": told_as({"Open - Not Contacted": "Open", "Unqualified": "Archived"}),
        },
    ),
}


@pytest.mark.parametrize("table", sorted(PIPEDRIVE))
def test_pipedrive_tells_the_same(core, table):
    compare(core, "pipedrive", table, PIPEDRIVE[table])


def test_pipedrive_tells_the_same_stages(core):
    ours, theirs = (
        core(crm).tables["stages"].set_index("stage").sort_index()
        for crm in ("salesforce", "pipedrive")
    )
    ended = ours["is_closed"]
    assert set(theirs.index[theirs["is_closed"]]) == {"Won", "Lost"}
    assert set(ours.index[~ended]) == set(theirs.index[~theirs["is_closed"]])
    for column in ("stage_order", "crm_probability", "needs_buyer", "stage_class"):
        assert equal(ours[column], theirs[column].reindex(ours.index))[~ended].all(), column


def test_pipedrive_tells_the_same_pushes(core, history):
    """Closing leaves the expected close date alone there, so no change is one at closing."""
    ours, theirs = (
        while_open(core(crm).tables["close_date_changes"], history)
        for crm in ("salesforce", "pipedrive")
    )
    assert ours["is_push"].sum() > 100
    compare(core, "pipedrive", "close_date_changes", CLOSE_DATES, ours, theirs)
    assert not core("pipedrive").tables["close_date_changes"]["is_at_close"].any()


def never_the_other_way(ours, theirs):
    """Only mail has a direction; of the rest a subject may tell it, and else it is unknown."""
    is_entry = ours.index.get_level_values(0).str.startswith("entry")
    return equal(ours, theirs) | (is_entry & (theirs == "unknown"))


def not_more_than(ours, theirs):
    """What has no direction is neither a touch nor a reply."""
    is_meeting = ours.index.get_level_values(0).str.startswith("meeting")
    return equal(ours, theirs) | (ours.astype(bool) & ~theirs.astype(bool)) | is_meeting


def nobody_came_is_unknown(ours, theirs):
    """A meeting is done or not done: one to which nobody came is one that nobody ticked off."""
    return equal(ours, theirs) | ((ours == "no_show") & (theirs == "unknown"))


def of_the_day(ours, theirs):
    """By kind as elsewhere; a task that was ticked off more than a week late counts on its day."""
    is_entry = ours.index.get_level_values(0).str.startswith("entry")
    return by_kind(ours, theirs) | (is_entry & (theirs < ours))


def when_done(ours, theirs):
    """What was planned is on record here when it is done, there when it was planned."""
    return equal(ours, theirs) | (theirs > ours)


def test_pipedrive_tells_the_same_acts(core):
    compare(
        core,
        "pipedrive",
        "activities",
        Shape(
            ["activity_id"],
            # A meeting that was called off is deleted.
            lacks=lambda rows: rows["status"] == "cancelled",
            rules={
                "source": always("pipedrive"),
                "happened_at": of_the_day,
                "happened_sec": of_the_day,
                "happened_day": lambda ours, theirs: equal(ours, theirs) | (theirs < ours),
                "recorded_at": when_done,
                "recorded_sec": when_done,
                "direction": never_the_other_way,
                "direction_from": any_value,
                "status": nobody_came_is_unknown,
                "is_touch": not_more_than,
                "is_reply": not_more_than,
                "is_sign_of_life": not_more_than,
            },
        ),
    )


def test_pipedrive_tells_the_same_people(core):
    """There are no roles, so only a title makes somebody senior; the deal's own contact is there
    from the moment of its creation."""

    def by_title(ours, theirs):
        return equal(ours, theirs) | ((ours == "senior") & (theirs == "other"))

    def within_a_minute(ours, theirs):
        return (ours - theirs).between(0, 60)

    compare(
        core,
        "pipedrive",
        "deal_contacts",
        Shape(
            ["deal_id", "contact_id"],
            rules={
                "role": not_told,
                "seniority": by_title,
                "added_at": any_value,
                "added_sec": within_a_minute,
            },
        ),
    )


def test_pipedrive_has_one_offer_a_deal(core):
    """No quotes and no rivals: the price of the product on it, since the first was offered."""
    ours = core("salesforce").tables["options"]
    ours = ours[ours["kind"] == "ours"].sort_values(["offered_sec", "option_id"])
    theirs = core("pipedrive").tables["options"].set_index("deal_id").sort_index()
    first, last = (ours.drop_duplicates("deal_id", keep=one) for one in ("first", "last"))
    first, last = (one.set_index("deal_id").sort_index() for one in (first, last))
    assert list(first.index) == list(theirs.index)
    assert (first["offered_at"] == theirs["offered_at"]).all()
    assert np.allclose(last["amount"], theirs["amount"])
    assert set(theirs["kind"]) == {"ours"}
    assert theirs["discount"].isna().all()


def test_pipedrive_tells_the_same_endings(core):
    """Where the seller said how it ended. Whether a buyer fell silent takes directions, and a vague
    reason is no longer outdone by the stage that a deal was closed in."""
    silent = ("stalled_before_close", "stalled_open", "unknown_loss", "open")

    def is_apart(rows):
        vague = (rows["rule"] == "no_decision_stage") & rows["reason"].notna()
        return rows["rule"].isin(silent) | vague

    rules = {"no_decision_stage": "no_decision_reason"}
    compare(
        core,
        "pipedrive",
        "outcomes",
        Shape(
            ["deal_id"],
            apart=is_apart,
            rules={
                "rule": told_as(rules),
                "reason": told_as_reason,
                "reason_subclass": any_value,
                "stalled_at": any_value,
                "stalled_day": any_value,
                "event_day": any_value,
            },
        ),
    )
    ours, theirs = (
        core(crm).tables["outcomes"].set_index("deal_id").sort_index()
        for crm in ("salesforce", "pipedrive")
    )
    is_lost = ours["rule"].isin(silent[:3])
    assert set(theirs.loc[is_lost, "outcome"]) <= {"no_decision", "unknown_loss", "open"}


def test_capabilities_say_what_pipedrive_lacks(core):
    ours, theirs = core("salesforce").capabilities, core("pipedrive").capabilities
    for capability in ("stage_history", "expected_close", "competitor", "contacts", "lead_source"):
        assert ours[capability] == theirs[capability], capability
    acts = core("pipedrive").tables["activities"]
    blind = acts["kind"].isin(["email", "call", "message"]) & (acts["direction"] == "unknown")
    assert blind.sum() > 500
    told = "e-mails, calls and messages without direction"
    for capability, blind_acts in ((ours, 0), (theirs, blind.sum())):
        value, detail = capability["activity_direction"]
        assert value == "native"
        assert detail.endswith(f" {blind_acts} {told}")
    assert int(theirs["quotes"][1].split()[0]) < int(ours["quotes"][1].split()[0])
    assert int(theirs["leads"][1].split()[0]) < int(ours["leads"][1].split()[0])
    assert float(theirs["lost_reason_fill"][0]) > float(ours["lost_reason_fill"][0])
    assert (ours["currency"][1], theirs["currency"][1]) == ("not stated", "USD")
