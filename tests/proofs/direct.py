"""A company's facts in the common shape of `crm`, without any export between, then core, features.

What a vendor's files and selects would lose or blur is not lost here; everything from core on is
the product's own.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_course import NEVER
from models.simulate_facts import Facts, standing
from models.simulate_salesforce_rows import LEAD_STATUS
from models.simulate_sellers import OVERSTAY_DAYS
from pipelines import seeds, tables
from pipelines.night import RULES
from pipelines.settings import Settings

SOURCE = "simulated"
DAY = 86_400
STAGES = pd.DataFrame(words.STAGES, columns=["stage", "probability", "is_closed", "is_won"])
MEETINGS = {"Held": "done", "Canceled": "cancelled", "No Show": "no_show", "": "unknown"}
KINDS = {"call": "call", "tool_email": "email", "lead_email": "email", "trace": "email"}
# Columns of the common shape: text unless named here.
TYPES = {
    **dict.fromkeys(("amount", "crm_probability", "discount", "minutes", "held_share"), "double"),
    **dict.fromkeys(("corporate_rate",), "double"),
    **dict.fromkeys(("is_closed", "is_won", "is_bulk", "is_automatic", "is_twin"), "boolean"),
    **dict.fromkeys(("is_active", "reopened_hint", "has_own_id"), "boolean"),
    **dict.fromkeys(("stage_order",), "integer"),
    **dict.fromkeys(("employees", "acts"), "bigint"),
}
SHAPES = {
    "accounts": "account_id name industry employees country incumbent created survivor_id",
    "activities": "activity_id deal_id account_id seller_id contact_id happened recorded kind "
    "direction status subject minutes is_automatic is_twin cancelled_sec type_word",
    "commitments": "deal_id commitment_id subject made due_day kept made_by",
    "creation_facts": "attribute",
    "deal_columns": "field",
    "deal_contacts": "deal_id contact_id role title added",
    "deal_states": "deal_id state_id changed changed_by stage amount expected_close_day sort_key "
    "is_bulk",
    "deals": "deal_id source_id account_id seller_id pipeline name amount currency created "
    "close_day is_closed is_won stage crm_probability lost_reason lost_reason_detail competitor "
    "lead_source won_reason deal_type return_day last_stage_change_sec modified outcome_hint "
    "history_level reopened_hint last_inbound_sec last_outbound_sec has_own_id corporate_currency "
    "corporate_rate",
    "leads": "lead_id account_id seller_id created status reason deal_id modified",
    "left_out": "trap acts",
    "options": "deal_id option_id kind amount discount offered withdrawn_sec",
    "owner_changes": "deal_id changed from_seller_id to_seller_id changed_by is_bulk",
    "qualification": "deal_id field change_id value answered",
    "removals": "deal_id why status survivor_id held_share",
    "sellers": "seller_id name team is_active is_automatic email_domain",
    "stages": "pipeline stage stage_order is_closed is_won crm_probability",
    "stamps": "newest_sec",
}
MOMENTS = frozenset(
    (
        "created",
        "happened",
        "recorded",
        "made",
        "kept",
        "added",
        "changed",
        "modified",
        "offered",
        "answered",
    )
)


def _id(kind: str, numbers: Any) -> pd.Series:
    """Ids of records by number, missing for NEVER."""
    found = pd.Series(np.asarray(numbers))
    named = f"{SOURCE}:{kind}" + found.astype("Int64").astype("str")
    return named.where(found.notna() & (found != NEVER)).array


def deal_ids(numbers: Any) -> Any:
    """The ids that deals have in core, by number."""
    return _id("", numbers)


def shaped(facts: Facts) -> dict[str, pd.DataFrame]:
    """The tables of `crm` as at the company's end: times in epoch seconds, days in days."""
    end = facts.company.end_sec
    now = {name: standing(rows, end) for name, rows in _records(facts).items()}
    kept = {
        name: rows[~rows["is_deleted"].astype(bool)] if "is_deleted" in rows else rows
        for name, rows in now.items()
    }
    gone = now["deals"][now["deals"]["is_deleted"].astype(bool)]
    is_gone = kept["saves"]["deal"].isin(gone["number"])
    return {
        "accounts": _accounts(kept["accounts"]),
        "activities": _activities(kept),
        "commitments": _commitments(kept["entries"]),
        "creation_facts": pd.DataFrame({"attribute": ["lead_source"]}),
        "deal_contacts": _contacts(kept["roles"], kept["contacts"]),
        "deal_states": _states(kept["saves"][~is_gone]),
        "deals": _deals(kept["deals"]),
        "leads": _leads(kept["leads"]),
        "options": _options(kept),
        "qualification": _answers(kept["answers"]),
        "removals": pd.DataFrame(
            {"deal_id": _id("", gone["number"]), "why": "deleted", "status": "open"}
        ),
        "sellers": _sellers(kept["users"]),
        "stages": pd.DataFrame(
            {
                "pipeline": "default",
                "stage": STAGES["stage"],
                "stage_order": np.arange(len(STAGES)) + 1,
                "is_closed": STAGES["is_closed"],
                "is_won": STAGES["is_won"],
                "crm_probability": STAGES["probability"] / 100,
            }
        ),
        "stamps": pd.DataFrame(
            {"newest_sec": [max(int(r["since"].max()) for r in now.values() if len(r))]}
        ),
    }


def _records(facts: Facts) -> dict[str, pd.DataFrame]:
    return {name: rows for name, rows in vars(facts).items() if isinstance(rows, pd.DataFrame)}


def _accounts(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "account_id": _id("a", rows["number"]),
            **{name: rows[name].array for name in ("name", "industry", "employees", "country")},
            "incumbent": rows["incumbent"].array,
            "created": rows["created"].array,
        }
    )


def _activities(kept: dict[str, pd.DataFrame]) -> pd.DataFrame:
    mail, entries, meetings = kept["mail"], kept["entries"], kept["meetings"]
    entries = entries[entries["is_done"].astype(bool) & (entries["what"] != "copy")]
    lead = kept["leads"].set_index("number")
    of_lead = entries["lead"].where(entries["lead"] != NEVER)
    deal = entries["deal"].where(~entries["on_account"].astype(bool), NEVER)
    deal = deal.where(of_lead.isna(), of_lead.map(lead["deal"]).fillna(NEVER)).astype("int64")
    account = entries["account"].where(of_lead.isna(), of_lead.map(lead["account"]))
    is_promise = entries["what"].isin(["promise", "todo"])
    is_call = entries["what"] == "call"
    side = np.where(entries["is_inbound"].astype(bool), "inbound", "outbound")
    acts = pd.DataFrame(
        {
            "activity_id": _id("t", entries["number"]),
            "deal_id": _id("", deal),
            "account_id": _id("a", account.fillna(NEVER).astype("int64")),
            "seller_id": _id("u", entries["seller"]),
            "contact_id": _id("c", entries["contact"]),
            "happened": np.where(is_promise, entries["done"], entries["sec"]),
            "recorded": entries["created"].array,
            "kind": entries["what"].map(KINDS).fillna("task").array,
            "direction": np.where(is_promise, "unknown", side),
            "status": "done",
            "subject": (entries["prefix"] + entries["subject"]).array,
            "minutes": entries["minutes"].where(is_call).astype(float).array,
            "is_automatic": (entries["what"] == "trace").array,
            "is_twin": False,
        }
    )
    told = pd.DataFrame(
        {
            "activity_id": _id("m", mail["number"]),
            "deal_id": _id("", mail["deal"]),
            "account_id": _id("a", mail["account"]),
            "seller_id": _id("u", mail["seller"]),
            "contact_id": _id("c", mail["contact"]),
            "happened": mail["sec"].array,
            "recorded": mail["created"].array,
            "kind": "email",
            "direction": np.where(mail["is_inbound"], "inbound", "outbound"),
            "status": "done",
            "subject": mail["subject"].array,
            "is_automatic": False,
            "is_twin": False,
        }
    )
    meetings = meetings[~meetings["is_copy"].astype(bool)]
    off = meetings["status"] == "Canceled"
    met = pd.DataFrame(
        {
            "activity_id": _id("e", meetings["number"]),
            "deal_id": _id("", meetings["deal"]),
            "account_id": _id("a", meetings["account"]),
            "seller_id": _id("u", meetings["seller"]),
            "contact_id": _id("c", meetings["contact"]),
            "happened": meetings["sec"].array,
            "recorded": meetings["created"].array,
            "kind": "meeting",
            "direction": "mutual",
            "status": meetings["status"].map(MEETINGS).array,
            "subject": meetings["subject"].array,
            "minutes": meetings["minutes"].astype(float).array,
            "is_automatic": False,
            "is_twin": False,
            "cancelled_sec": meetings["since"].where(off).array,
        }
    )
    return pd.concat([acts, told, met], ignore_index=True)


def _commitments(entries: pd.DataFrame) -> pd.DataFrame:
    rows = entries[entries["what"].isin(["promise", "todo"]) & (entries["deal"] != NEVER)]
    return pd.DataFrame(
        {
            "deal_id": _id("", rows["deal"]),
            "commitment_id": _id("t", rows["number"]),
            "subject": rows["subject"].array,
            "made": rows["created"].array,
            "due_day": (rows["sec"] // DAY).array,
            "kept": rows["done"].where(rows["is_done"].astype(bool)).array,
            "made_by": np.where(rows["what"] == "promise", "buyer", "seller"),
        }
    )


def _contacts(roles: pd.DataFrame, contacts: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "deal_id": _id("", roles["deal"]),
            "contact_id": _id("c", roles["contact"]),
            "role": roles["role"].array,
            "title": roles["contact"].map(contacts.set_index("number")["title"]).array,
            "added": roles["created"].array,
        }
    )


def _states(saves: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "deal_id": _id("", saves["deal"]),
            "state_id": _id("s", saves["number"]),
            "changed": saves["created"].array,
            "changed_by": _id("u", saves["by"]),
            "stage": STAGES["stage"].iloc[saves["stage"]].array,
            "amount": saves["amount"].array,
            "expected_close_day": saves["expected_on"].array,
            "sort_key": saves["number"].astype(str).str.zfill(9).array,
        }
    )


def _deals(rows: pd.DataFrame) -> pd.DataFrame:
    stage = STAGES.iloc[rows["stage"]]
    return pd.DataFrame(
        {
            "deal_id": _id("", rows["number"]),
            "source_id": rows["number"].astype(str).array,
            "account_id": _id("a", rows["account"]),
            "seller_id": _id("u", rows["seller"]),
            "pipeline": "default",
            "name": rows["name"].array,
            "amount": rows["amount"].array,
            "created": rows["created"].array,
            "close_day": rows["expected_on"].array,
            "is_closed": stage["is_closed"].array,
            "is_won": stage["is_won"].array,
            "stage": stage["stage"].array,
            "crm_probability": stage["probability"].array / 100,
            "lost_reason": rows["reason"].array,
            "lost_reason_detail": rows["detail"].array,
            "competitor": rows["rival"].array,
            "lead_source": rows["source"].array,
            "deal_type": rows["kind"].array,
            "return_day": rows["return_on"].array,
            "last_stage_change_sec": rows["stage_since"].array,
            "modified": rows["since"].array,
            "history_level": "full",
            "has_own_id": True,
        }
    )


def _leads(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "lead_id": _id("l", rows["number"]),
            "account_id": _id("a", rows["account"]),
            "seller_id": _id("u", rows["seller"]),
            "created": rows["created"].array,
            "status": rows["status"].map(LEAD_STATUS).array,
            "reason": rows["reason"].array,
            "deal_id": _id("", rows["deal"]),
            "modified": rows["since"].array,
        }
    )


def _options(kept: dict[str, pd.DataFrame]) -> pd.DataFrame:
    quotes, rivals = kept["quotes"], kept["rivals"]
    account = rivals["deal"].map(kept["deals"].set_index("number")["account"])
    there = account.map(kept["accounts"].set_index("number")["incumbent"])
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "deal_id": _id("", quotes["deal"]),
                    "option_id": _id("q", quotes["number"]),
                    "kind": "ours",
                    "amount": quotes["net"].array,
                    "discount": quotes["discount"].array,
                    "offered": quotes["created"].array,
                }
            ),
            pd.DataFrame(
                {
                    "deal_id": _id("", rivals["deal"]),
                    "option_id": _id("r", rivals["number"]),
                    "kind": np.where(rivals["name"] == there, "incumbent", "competitor"),
                    "offered": rivals["created"].array,
                }
            ),
        ],
        ignore_index=True,
    )


def _answers(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "deal_id": _id("", rows["deal"]),
            "field": rows["field"].array,
            "change_id": rows["number"].astype(str).str.zfill(9).array,
            "value": rows["value"].array,
            "answered": rows["created"].array,
        }
    )


def _sellers(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "seller_id": _id("u", rows["number"]),
            "name": rows["name"].array,
            "team": rows["team"].array,
            "is_active": rows["is_active"].array,
            "is_automatic": rows["is_automatic"].array,
            "email_domain": "ourcompany.example",
        }
    )


def load(con: duckdb.DuckDBPyConnection, frames: dict[str, pd.DataFrame]) -> None:
    """Fill `crm` and the rules of `core`; shapes without a frame are empty."""
    for shape, columns in SHAPES.items():
        frame = frames.get(shape, pd.DataFrame())
        names = columns.split()
        wide = frame.reindex(columns=names)
        con.register("frame", wide)
        told = ", ".join(_column(name) for name in names)
        con.execute(
            f"create or replace table crm.{shape} as select '{SOURCE}' as source, {told} from frame"
        )
        con.unregister("frame")
    settings = Settings()
    seeds.write(con, RULES, settings.parameters(None), settings.mappings())


def _column(name: str) -> str:
    """A column of the common shape, typed; a moment becomes a timestamp and its seconds."""
    if name in MOMENTS:
        sec = f"cast({name} as bigint)"
        return f"epoch_ms(1000 * {sec}) as {name}_at, {sec} as {name}_sec"
    if name.endswith("_day"):
        on = name.removesuffix("_day") + "_on"
        day = f"cast({name} as integer)"
        return f"date '1970-01-01' + {day} as {on}, {day} as {name}"
    kind = "bigint" if name.endswith("_sec") else TYPES.get(name, "varchar")
    return f"cast({name} as {kind}) as {name}"


def needed(names: Iterable[str]) -> list[tables.Query]:
    """The queries from core on that these tables are made by, in an order to build them in."""
    made = tables.queries()
    wanted: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in wanted or name not in made or made[name].schema == "crm":
            continue
        wanted.add(name)
        waiting += made[name].reads
    return [query for query in made.values() if query.name in wanted]


def build(
    con: duckdb.DuckDBPyConnection,
    names: Iterable[str],
    after: Mapping[str, Callable[[duckdb.DuckDBPyConnection], None]] | None = None,
) -> None:
    """Make these tables, and all that they are made from, out of `crm`.

    `after` holds what is done to a table once it is made, by its name. How long a stay in a stage
    is too long is taken from the simulated sellers, who act on it, not learned: time zero is then
    the same day for them and for the comparison.
    """
    changes = {"core.stall_thresholds": _sellers_thresholds, **(after or {})}
    for query in needed(names):
        tables.build(con, query)
        if query.name in changes:
            changes[query.name](con)


def _sellers_thresholds(con: duckdb.DuckDBPyConnection) -> None:
    stays = {"stage": STAGES["stage"][: len(OVERSTAY_DAYS)], "days": OVERSTAY_DAYS}
    con.register("stays", pd.DataFrame(stays))
    con.execute(
        "update core.stall_thresholds as t set stage_p80_days = s.days from stays as s "
        "where t.stage = s.stage"
    )
    con.unregister("stays")
