"""features.*: a snapshot counts what a person would count, and knows nothing of the future."""

import math

import duckdb
import numpy as np
import pandas as pd
import pytest

from models.features import FEATURES
from pipelines import rewind, tables
from reports.language import Words

DAY = 86_400
TODAY = 20_000
STAGES = {"new": 1, "proposal": 2, "terms": 3, "won": 4, "lost": 5}
LABELS = ["outcome", "days_to_outcome", "is_censored"]
KEY = ["deal_id", "snapshot_day"]
SETTINGS = {
    "silence_signal_days": 14,
    "grace_days": 14,
    "chase_gap_days": 21,
    "chase_days": 90,
    "horizon_days": 180,
    "bristle_days": 30,
    "return_days": 365,
    "seller_active_days": 30,
    "prior_deals": 10.0,
    "new_business_only": True,
    "minutes_email": 10.0,
    "minutes_call": 20.0,
    "minutes_meeting": 60.0,
    "minutes_message": 5.0,
    "minutes_note": 5.0,
    "minutes_task": 15.0,
    "minutes_document": 20.0,
}
SQL_TYPES = {bool: "boolean", int: "integer", float: "double"}
CORE = {
    "parameters": "as_of_day integer, as_of_end_sec bigint, first_day integer, "
    + ", ".join(f"{name} {SQL_TYPES[type(value)]}" for name, value in SETTINGS.items()),
    "capabilities": "source varchar, capability varchar, value varchar",
    "sellers": "source varchar, seller_id varchar, is_automatic boolean",
    "deals": "deal_id varchar, source varchar, account_id varchar, seller_id varchar, "
    "pipeline varchar, amount_base double, status varchar, lead_source varchar, origin varchar, "
    "is_new_business boolean, created_sec bigint, created_day integer, closed_sec bigint, "
    "closed_day integer, is_closed_now boolean, competitor varchar",
    "stage_changes": "deal_id varchar, from_stage varchar, to_stage varchar, "
    "to_stage_class varchar, changed_by varchar, "
    "changed_sec bigint, changed_day integer, to_stage_order integer, is_to_closed boolean, "
    "is_backward boolean, seq integer",
    "close_date_changes": "deal_id varchar, changed_sec bigint, changed_day integer, "
    "from_day integer, to_day integer, is_push boolean, is_at_close boolean, seq integer",
    "amount_changes": "deal_id varchar, changed_sec bigint, from_amount double, to_amount double, "
    "seq integer",
    "activities": "activity_id varchar, deal_id varchar, account_id varchar, seller_id varchar, "
    "kind varchar, direction varchar, status varchar, topic varchar, minutes double, "
    "is_automatic boolean, happened_sec bigint, recorded_sec bigint, known_sec bigint, "
    "happened_day integer, known_day integer, week integer, is_touch boolean, is_reply boolean, "
    "is_sign_of_life boolean, booked_until_sec bigint",
    "deal_contacts": "deal_id varchar, contact_id varchar, seniority varchar, added_sec bigint",
    "options": "deal_id varchar, option_id varchar, kind varchar, offered_sec bigint, "
    "withdrawn_sec bigint",
    "commitments": "deal_id varchar, commitment_id varchar, made_sec bigint, due_day integer, "
    "kept_sec bigint, made_by varchar",
    "owner_changes": "deal_id varchar, changed_sec bigint, from_seller_id varchar, "
    "to_seller_id varchar",
    "qualification": "deal_id varchar, source varchar, framework varchar, element varchar, "
    "is_answered boolean, answered_sec bigint",
    "creation_facts": "source varchar, attribute varchar",
    "origins": "deal_id varchar, origin varchar, origin_found varchar, supplier varchar, "
    "won_reason varchar, is_said_to_stay boolean, "
    "origin_at_start varchar, origin_without_supplier varchar, "
    "origin_with_supplier varchar, suppliers_since_sec bigint",
    "signs_of_life": "deal_id varchar, day integer, sec bigint, sign varchar",
    "silences": "deal_id varchar, spell integer, start_day integer, end_day integer, "
    "ended_by varchar, is_truncated boolean",
    "observation": "source varchar, kind varchar, observed_from_day integer",
    "stall_thresholds": "source varchar, pipeline varchar, stage varchar, stage_p80_days integer",
    "stalls": "deal_id varchar, spell integer, stalled_day integer, broken_day integer",
    "outcomes": "deal_id varchar, outcome varchar, reason varchar, reason_class varchar, "
    "has_reason boolean, is_cleanup boolean, event_day integer, reason_subclass varchar",
    "disqualifications": "deal_id varchar, disqualified_day integer, has_reason boolean, "
    "disqualified_sec bigint, lead_id varchar, account_id varchar, seller_id varchar, "
    "source varchar, act varchar, return_on date, disqualified_at timestamp, "
    "bristled_at timestamp, returned_at timestamp, returned_deal_id varchar",
}


def history(seed, deals=40, *, reopened=False):
    """The dated facts of a small company, as lists of mappings; no fact knows of another."""
    rng = np.random.default_rng(seed)
    facts = {
        name: []
        for name in (
            *("deals", "moves", "dates", "amounts", "acts", "people", "options", "promises"),
            *("owners", "answers"),
        )
    }

    def second(low, high):
        return int(rng.integers(low * DAY, high * DAY))

    def chance(share):
        return bool(rng.random() < share)

    def pick(*values):
        return values[rng.integers(len(values))]

    for number in range(deals):
        deal = {"deal_id": f"d{number:03}"}
        born = TODAY - int(rng.integers(0, 350))
        start = second(born, born + 1)
        end = min(born + int(rng.integers(1, 140)), TODAY + 60)
        facts["deals"].append(
            {
                **deal,
                "account_id": pick(None, "a1", "a2"),
                "created_sec": start,
                "seller_id": pick(None, "s1", "s2", "s3"),
                "excluded": chance(0.05),
                "lead_source": pick("web", "fair", None),
                "origin": pick("borrowed", "direct", "brought"),
                "reason": pick("no_decision", "disqualified", "lost_to_competitor"),
            }
        )
        owner = facts["deals"][-1]["seller_id"]
        for sec in sorted(second(born, end + 20) for _ in range(rng.integers(0, 3))):
            to = pick(*({"s1", "s2", "s3"} - {owner}))
            if owner is not None:
                row = {**deal, "sec": max(sec, start), "from": owner, "to": to}
                facts["owners"].append(row)
                owner = to
        for framework in ("meddpicc", "bant", "ours"):
            turns = sorted(second(born, end + 5) for _ in range(rng.integers(0, 4)))
            facts["answers"] += [
                {
                    **deal,
                    "source": "crm",
                    "framework": framework,
                    "element": "champion",
                    "is_answered": turn % 2 == 0,
                    "answered_sec": max(sec, start),
                }
                for turn, sec in enumerate(turns)
            ]
        stages, when = ["new"], [start]
        for _ in range(int(rng.integers(0, 4))):
            stages.append(pick("new", "proposal", "terms"))
            when.append(second(born + 1, end + 1))
        if chance(0.8):
            stages.append(pick("won", "lost"))
            when.append(end * DAY + DAY + int(rng.integers(0, DAY)))
            if reopened and chance(0.4):
                stages += ["proposal", "lost"]
                when += [when[-1] + 9 * DAY, when[-1] + second(10, 40)]
        when.sort()
        before = None
        for stage, sec in zip(stages, when, strict=True):
            if stage != before:
                facts["moves"].append({**deal, "sec": sec, "from": before, "to": stage})
            before = stage
        due = None
        for sec in [start, *sorted(second(born, end + 1) for _ in range(rng.integers(0, 4)))]:
            to_day = sec // DAY + int(rng.integers(-5, 60))
            facts["dates"].append({**deal, "sec": max(sec, start), "from": due, "to": to_day})
            due = to_day
            amount = float(rng.integers(1, 9) * 100)
            facts["amounts"].append({**deal, "sec": max(sec, start), "to": amount})
        for act in range(int(rng.integers(0, 25))):
            happened = max(second(born, end + 20), start)
            kind = pick("email", "email", "call", "meeting", "note")
            facts["acts"].append(
                {
                    **deal,
                    "activity_id": f"{number}-{act}",
                    "kind": kind,
                    "happened_sec": happened,
                    "recorded_sec": pick(
                        happened, happened + second(0, 9), max(start, happened - second(0, 20))
                    ),
                    "direction": "mutual" if kind == "meeting" else pick("inbound", "outbound"),
                    "seller_id": pick("s1", "s2", "s3"),
                    "is_automatic": chance(0.1),
                    "topic": pick("later", "other", "other"),
                    "minutes": pick(None, 12.0),
                }
            )
        for index in range(int(rng.integers(0, 4))):
            facts["people"].append(
                {
                    **deal,
                    "contact_id": f"c{index}",
                    "added_sec": max(start, second(born, end + 5)),
                    "seniority": pick("senior", "other", "unknown"),
                }
            )
            facts["options"].append(
                {
                    **deal,
                    "option_id": f"o{index}",
                    "kind": pick("ours", "competitor", "incumbent"),
                    "offered_sec": max(start, second(born, end + 5)),
                    "withdrawn_sec": second(end + 5, end + 50),
                }
            )
            made = max(start, second(born, end + 5))
            facts["promises"].append(
                {
                    **deal,
                    "commitment_id": f"p{index}",
                    "made_sec": made,
                    "made_by": pick("buyer", "seller", None),
                    "due_day": pick(None, made // DAY + int(rng.integers(-3, 20))),
                    "kept_sec": pick(None, made + second(0, 40)),
                }
            )
    return facts


def core(facts, today=TODAY):
    """The core tables as they stand at the end of `today`: nothing known later is in them."""
    end_sec = (today + 1) * DAY

    def known(rows, column="sec", later=None):
        kept = [row for row in rows if row[column] < end_sec]
        if later is None:
            return kept
        return [{**row, later: before(row[later])} for row in kept]

    def before(sec):
        return sec if sec is not None and sec < end_sec else None

    def by_deal(rows):
        found = {}
        for row in rows:
            found.setdefault(row["deal_id"], []).append(row)
        return found

    out = {name: [] for name in CORE}
    born = known(facts["deals"], "created_sec")
    out["parameters"] = [
        {
            "as_of_day": today,
            "as_of_end_sec": end_sec,
            **SETTINGS,
            "first_day": min((d["created_sec"] // DAY for d in born), default=today),
        }
    ]
    out["sellers"] = [
        {"source": "crm", "seller_id": s, "is_automatic": False} for s in ("s1", "s2", "s3")
    ]
    out["stall_thresholds"] = [
        {"source": "crm", "pipeline": "p", "stage": stage, "stage_p80_days": 40}
        for stage in ("new", "proposal", "terms")
    ]
    for act in facts["acts"]:
        is_ahead = act["happened_sec"] >= end_sec
        is_booking = act["kind"] == "meeting" and act["recorded_sec"] < act["happened_sec"]
        known_sec = max(act["happened_sec"], act["recorded_sec"])
        if is_ahead and is_booking:
            known_sec = act["recorded_sec"]
        if known_sec >= end_sec:
            continue
        is_reply = act["direction"] != "outbound" and not act["is_automatic"] and not is_ahead
        out["activities"].append(
            {
                **act,
                "known_sec": known_sec,
                "happened_day": act["happened_sec"] // DAY,
                "known_day": known_sec // DAY,
                "week": (end_sec - 1 - known_sec) // (7 * DAY),
                "status": "booked" if is_ahead else "done",
                "is_reply": is_reply,
                "booked_until_sec": act["happened_sec"] if is_booking else None,
                "is_touch": act["direction"] == "outbound" and not act["is_automatic"],
                "is_sign_of_life": is_reply,
            }
        )
        if is_reply:
            out["signs_of_life"].append(
                {
                    "deal_id": act["deal_id"],
                    "day": known_sec // DAY,
                    "sec": known_sec,
                    "sign": "reply",
                }
            )
    moves, signs = by_deal(known(facts["moves"])), by_deal(out["signs_of_life"])
    for deal in born:
        key = {"deal_id": deal["deal_id"]}
        closed_sec = None
        for seq, move in enumerate(moves[deal["deal_id"]]):
            is_to_closed = move["to"] in ("won", "lost")
            closed_sec = move["sec"] if is_to_closed else None
            out["stage_changes"].append(
                {
                    **key,
                    "from_stage": move["from"],
                    "to_stage": move["to"],
                    "to_stage_class": move["to"] if is_to_closed else "open",
                    "seq": seq,
                    "changed_sec": move["sec"],
                    "changed_day": move["sec"] // DAY,
                    "to_stage_order": STAGES[move["to"]],
                    "is_to_closed": is_to_closed,
                    "is_backward": STAGES[move["to"]] < STAGES.get(move["from"], 0),
                }
            )
        created_day = deal["created_sec"] // DAY
        closed_day = None if closed_sec is None else closed_sec // DAY
        last_day = today if closed_day is None else closed_day
        days = sorted({s["day"] for s in signs.get(deal["deal_id"], []) if s["day"] <= last_day})
        starts = [created_day, *days]
        stalled_day = None
        for spell, (first, last) in enumerate(zip(starts, [*days, last_day], strict=True)):
            is_last = spell == len(days)
            ended_by = "sign" if not is_last else "as_of" if closed_day is None else "closed"
            out["silences"].append(
                {**key, "spell": spell, "start_day": first, "end_day": last, "ended_by": ended_by}
            )
            if first + 30 < last + (ended_by == "as_of"):
                broken = None if is_last else last
                stalled_day = first + 30 if is_last else None
                out["stalls"].append(
                    {**key, "spell": spell, "stalled_day": first + 30, "broken_day": broken}
                )
        status = "open" if closed_day is None else moves[deal["deal_id"]][-1]["to"]
        outcome = {"won": "won", "open": "open", "lost": deal["reason"]}[status]
        if outcome == "open" and stalled_day is not None:
            outcome = "no_decision"
        is_stall = outcome == "no_decision" and stalled_day is not None
        out["outcomes"].append(
            {
                **key,
                "outcome": "excluded" if deal["excluded"] else outcome,
                "reason": deal["reason"],
                "reason_class": deal["reason"],
                "has_reason": True,
                "is_cleanup": False,
                "event_day": stalled_day if is_stall else closed_day,
            }
        )
        out["deals"].append(
            {
                **{k: v for k, v in deal.items() if k not in ("excluded", "reason")},
                "source": "crm",
                "pipeline": "p",
                "status": status,
                "created_day": created_day,
                "closed_sec": closed_sec,
                "closed_day": closed_day,
                "is_closed_now": closed_sec is not None,
                "amount_base": 100.0,
                "is_new_business": True,
            }
        )
        if outcome == "disqualified":
            out["disqualifications"].append(
                {
                    **key,
                    "disqualified_day": closed_day,
                    "has_reason": True,
                    "disqualified_sec": closed_sec,
                }
            )
    for seq, row in enumerate(known(facts["dates"])):
        is_push = row["from"] is not None and row["to"] > row["from"]
        out["close_date_changes"].append(
            {
                "deal_id": row["deal_id"],
                "changed_sec": row["sec"],
                "changed_day": row["sec"] // DAY,
                "from_day": row["from"],
                "to_day": row["to"],
                "is_push": is_push,
                "is_at_close": False,
                "seq": seq,
            }
        )
    last_amount = {}
    for seq, row in enumerate(known(facts["amounts"])):
        out["amount_changes"].append(
            {
                "deal_id": row["deal_id"],
                "changed_sec": row["sec"],
                "to_amount": row["to"],
                "from_amount": last_amount.get(row["deal_id"]),
                "seq": seq,
            }
        )
        last_amount[row["deal_id"]] = row["to"]
    for row in known(facts["owners"]):
        out["owner_changes"].append(
            {
                "deal_id": row["deal_id"],
                "changed_sec": row["sec"],
                "from_seller_id": row["from"],
                "to_seller_id": row["to"],
            }
        )
    for deal in out["deals"]:
        for row in out["owner_changes"]:
            if row["deal_id"] == deal["deal_id"]:
                deal["seller_id"] = row["to_seller_id"]
    out["creation_facts"] = [{"source": "crm", "attribute": "lead_source"}]
    out["qualification"] = known(facts["answers"], "answered_sec")
    out["deal_contacts"] = known(facts["people"], "added_sec")
    out["options"] = known(facts["options"], "offered_sec", "withdrawn_sec")
    dated = [o["offered_sec"] for o in out["options"] if o["kind"] == "incumbent"]
    for deal in out["deals"]:
        is_borrowed = deal["origin"] == "borrowed"
        told = "direct" if deal["lead_source"] else "unknown"
        out["origins"].append(
            {
                "deal_id": deal["deal_id"],
                "origin_at_start": "borrowed" if is_borrowed else "unknown",
                "origin_without_supplier": "borrowed" if is_borrowed else told,
                "origin_with_supplier": "borrowed" if is_borrowed else "brought",
                "suppliers_since_sec": min(dated, default=None),
            }
        )
    out["commitments"] = known(facts["promises"], "made_sec", "kept_sec")
    return out


def features(rows, table="features.snapshots"):
    """Build the features on core tables; the rows of one of them, by key."""
    con = duckdb.connect()
    con.execute("create schema core; create schema features; set TimeZone = 'UTC'; set threads = 1")
    for name, columns in CORE.items():
        con.execute(f"create table core.{name} ({columns})")
        if rows[name]:
            con.register("frame", pd.DataFrame(rows[name], dtype=object))
            con.execute(f"insert into core.{name} by name select * from frame")
            con.unregister("frame")
    needed = rewind.needed_for(table)
    for query in tables.queries().values():
        if query.schema == "features" and query.name in needed:
            con.execute(f"create table {query.name} as {query.sql}")
    found = con.sql(f"from {table} order by all").df()
    con.close()
    return found


def same(left, right):
    pd.testing.assert_frame_equal(
        left.sort_values(KEY).reset_index(drop=True),
        right.sort_values(KEY).reset_index(drop=True),
        check_dtype=False,
    )


def by_hand(rows, deal_id, day):
    """The features of one snapshot, counted from the core tables in the plainest way."""
    end, p = (day + 1) * DAY, rows["parameters"][0]
    deals = {d["deal_id"]: d for d in rows["deals"]}
    outcomes = {o["deal_id"]: o for o in rows["outcomes"]}
    deal = deals[deal_id]

    def mine(name, column):
        return [r for r in rows[name] if r["deal_id"] == deal_id and r[column] < end]

    def window(found, weeks, column="known_sec"):
        return sum(r[column] >= end - weeks * 7 * DAY for r in found)

    def latest(found, column):
        return max((r[column] for r in found), default=None)

    def since(last_day):
        return None if last_day is None else day - last_day

    def overdue(found):
        return sum(
            r["due_day"] is not None
            and r["due_day"] <= day
            and (r["kept_sec"] is None or r["kept_sec"] >= end)
            for r in found
        )

    acts = mine("activities", "known_sec")
    touches = [a for a in acts if a["is_touch"]]
    replies = [a for a in acts if a["is_reply"]]
    signs = mine("signs_of_life", "sec")
    last_sign = latest(signs, "sec")
    moves, dates = mine("stage_changes", "changed_sec"), mine("close_date_changes", "changed_sec")
    amounts, people = mine("amount_changes", "changed_sec"), mine("deal_contacts", "added_sec")
    options = mine("options", "offered_sec")
    promises = {
        who: [c for c in mine("commitments", "made_sec") if c["made_by"] == who]
        for who in ("buyer", "seller")
    }

    def owner(deal, sec):
        moved = [r for r in rows["owner_changes"] if r["deal_id"] == deal["deal_id"]]
        past = [r["to_seller_id"] for r in moved if r["changed_sec"] <= sec]
        return past[-1] if past else moved[0]["from_seller_id"] if moved else deal["seller_id"]

    seller = owner(deal, end - 1)
    closed = [
        d
        for d in deals.values()
        if d["closed_day"] is not None
        and d["closed_day"] <= day
        and outcomes[d["deal_id"]]["outcome"] != "excluded"
    ]
    own = [d for d in closed if owner(d, d["closed_sec"]) == seller]
    waits = [
        min((r["known_sec"] for r in replies if r["known_sec"] >= t["known_sec"]), default=None)
        for t in touches
    ]
    waited = [then - t["known_sec"] for t, then in zip(touches, waits, strict=True) if then]

    def answered(framework):
        found = [
            r
            for r in rows["qualification"]
            if r["framework"] == framework and r["answered_sec"] < end
        ]
        if not found:
            return None
        return sum(1 if r["is_answered"] else -1 for r in found if r["deal_id"] == deal_id)

    def rate(outcome):
        def count(some):
            return sum(outcomes[d["deal_id"]]["outcome"] == outcome for d in some)

        if seller is None or not closed:
            return None
        prior = p["prior_deals"]
        return (prior * count(closed) / len(closed) + count(own)) / (prior + len(own))

    seller_acts = [
        a["known_day"]
        for a in rows["activities"]
        if a["seller_id"] == seller and a["known_sec"] < end and not a["is_automatic"]
    ]
    kin = [d for d in deals.values() if d["account_id"] == deal["account_id"] is not None]
    return {
        "age_days": day - deal["created_day"],
        "stage": moves[-1]["to_stage"],
        "stage_order": moves[-1]["to_stage_order"],
        "days_in_stage": day - moves[-1]["changed_day"],
        "stage_moves": len(moves) - 1,
        "backward_moves": sum(m["is_backward"] for m in moves),
        "amount": amounts[-1]["to_amount"],
        "amount_changes": len(amounts) - 1,
        "pushes": sum(d["is_push"] for d in dates),
        "days_to_expected_close": dates[-1]["to_day"] - day,
        "days_overdue": max(day - dates[-1]["to_day"], 0),
        **{f"touches_{k}w": window(touches, k) for k in (1, 2, 4, 13)},
        **{f"replies_{k}w": window(replies, k) for k in (1, 2, 4, 13)},
        "touches_all": len(touches),
        "replies_all": len(replies),
        "meetings_held": sum(a["kind"] == "meeting" and a["is_sign_of_life"] for a in acts),
        "meetings_booked": sum(
            a["deal_id"] == deal_id
            and a["kind"] == "meeting"
            and a["booked_until_sec"] is not None
            and a["recorded_sec"] < end <= a["booked_until_sec"]
            for a in rows["activities"]
        ),
        "days_since_touch": since(latest(touches, "happened_day")),
        "days_since_reply": since(latest(replies, "happened_day")),
        "days_since_meeting": since(
            latest([a for a in replies if a["kind"] == "meeting"], "happened_day")
        ),
        "reply_latency_days": sum(waited) / DAY / len(waited) if waited else None,
        "touches_since_reply_share": (len(touches) - len(waited)) / len(touches)
        if touches
        else None,
        "silence_days": day - (latest(signs, "day") if signs else deal["created_day"]),
        "has_sign_of_life": bool(signs),
        "touches_since_sign_of_life": sum(
            last_sign is None or t["known_sec"] > last_sign for t in touches
        ),
        "contacts": len(people),
        "senior_contacts": sum(c["seniority"] == "senior" for c in people),
        "contacts_30d": sum(c["added_sec"] >= end - 30 * DAY for c in people),
        **{
            f"options_{kind}": sum(
                o["kind"] == kind and (o["withdrawn_sec"] is None or o["withdrawn_sec"] >= end)
                for o in options
            )
            for kind in ("ours", "competitor")
        },
        "options_all": sum(
            o["kind"] != "incumbent" and (o["withdrawn_sec"] is None or o["withdrawn_sec"] >= end)
            for o in options
        )
        + any(o["kind"] == "incumbent" for o in options),
        "origin": "borrowed"
        if deal["origin"] == "borrowed"
        else "brought"
        if any(o["kind"] == "incumbent" for o in options)
        else "direct"
        if deal["lead_source"]
        and any(o["kind"] == "incumbent" and o["offered_sec"] < end for o in rows["options"])
        else "unknown",
        "lead_source": deal["lead_source"],
        "qualification_meddpicc": answered("meddpicc"),
        "qualification_bant": answered("bant"),
        "qualification_spin": None,
        "qualification_custom": answered("ours"),
        "days_since_option": since(
            max(
                (o["offered_sec"] // DAY for o in options if o["kind"] != "incumbent"),
                default=None,
            )
        ),
        "incumbent_known": any(o["kind"] == "incumbent" for o in options),
        "commitments_buyer_made": len(promises["buyer"]),
        "commitments_buyer_kept": sum(
            c["kept_sec"] is not None and c["kept_sec"] < end for c in promises["buyer"]
        ),
        "commitments_buyer_overdue": overdue(promises["buyer"]),
        "commitments_seller_made": len(promises["seller"]),
        "commitments_seller_kept": sum(
            c["kept_sec"] is not None and c["kept_sec"] < end for c in promises["seller"]
        ),
        "commitments_seller_overdue": overdue(promises["seller"]),
        "seller_id": seller,
        "is_observed": max(seller_acts, default=-math.inf) > day - p["seller_active_days"],
        "seller_closed_before": None if seller is None else len(own),
        "seller_no_decision_rate": rate("no_decision"),
        "seller_disqualified_rate": rate("disqualified"),
        "account_deals_before": None
        if not kin
        else sum(d["created_sec"] < deal["created_sec"] for d in kin),
        "account_wins_before": None
        if not kin
        else sum(d["status"] == "won" and d["closed_day"] <= day for d in kin),
        "account_no_decisions_before": None
        if not kin
        else sum(
            outcomes[d["deal_id"]]["outcome"] == "no_decision"
            and d["closed_day"] is not None
            and d["closed_day"] <= day
            for d in kin
        ),
        "is_stalled": any(
            s["deal_id"] == deal_id
            and s["stalled_day"] <= day
            and (s["broken_day"] is None or s["broken_day"] > day)
            for s in rows["stalls"]
        ),
    }


def is_open(rows, deal_id, day):
    end = (day + 1) * DAY
    moves = [m for m in rows["stage_changes"] if m["deal_id"] == deal_id and m["changed_sec"] < end]
    return bool(moves) and not moves[-1]["is_to_closed"]


@pytest.mark.parametrize("seed", range(3))
def test_snapshots_equal_counting_by_hand(seed):
    rows = core(history(seed, deals=25, reopened=True))
    found = features(rows)
    kept = {o["deal_id"] for o in rows["outcomes"] if o["outcome"] != "excluded"}
    grid = {
        (deal_id, day)
        for deal_id in kept
        for day in range(TODAY, TODAY - 400, -7)
        if is_open(rows, deal_id, day)
    }
    assert grid == set(zip(found["deal_id"], found["snapshot_day"], strict=True))
    for row in found.to_dict("records"):
        for name, value in by_hand(rows, row["deal_id"], row["snapshot_day"]).items():
            got = None if pd.isna(row[name]) else row[name]
            same_value = got == value or (
                isinstance(value, float) and got is not None and math.isclose(got, value)
            )
            assert same_value, (row["deal_id"], row["snapshot_day"], name, got, value)


@pytest.mark.parametrize("seed", range(2))
def test_decision_points_know_what_was_known_that_day(seed):
    rows = core(history(seed, reopened=True))
    found = features(rows, "features.decision_points")
    assert set(found["signal"]) == {"push", "later", "silence", "overstay"}
    for row in found.to_dict("records"):
        known = by_hand(rows, row["deal_id"], row["signal_day"])
        known["options"] = known["options_ours"] + known["options_competitor"]
        # The comparison is told by who owns the deal today.
        del known["seller_id"]
        for name in sorted(set(row) & set(known)):
            got = None if pd.isna(row[name]) else row[name]
            assert got == known[name], (row["deal_id"], row["signal_day"], name)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weeks", [1, 13])
def test_rewinding_changes_no_feature(seed, weeks):
    facts = history(seed)
    then = TODAY - 7 * weeks
    now = features(core(facts))
    past = features(core(facts, then))
    now = now[now["snapshot_day"] <= then]
    assert len(now) > 20
    same(now.drop(columns=[*LABELS, "week"]), past.drop(columns=[*LABELS, "week"]))


def test_opening_a_deal_again_changes_only_what_sellers_had_closed():
    facts = history(3, reopened=True)
    then = TODAY - 42
    now = features(core(facts))
    past = features(core(facts, then))
    hidden = [
        *LABELS,
        "week",
        "seller_closed_before",
        "seller_no_decision_rate",
        "seller_disqualified_rate",
        "account_wins_before",
        "account_no_decisions_before",
    ]
    same(now[now["snapshot_day"] <= then].drop(columns=hidden), past.drop(columns=hidden))


def test_a_later_fact_changes_no_feature():
    facts = history(11)
    before = features(core(facts))
    day = TODAY - 21
    cut = (day + 1) * DAY
    for deal in facts["deals"]:
        key = {"deal_id": deal["deal_id"]}
        facts["acts"].append(
            {
                **key,
                "activity_id": "late",
                "kind": "email",
                "happened_sec": cut - 5 * DAY,
                "recorded_sec": cut,
                "direction": "inbound",
                "seller_id": "s1",
                "topic": "later",
                "is_automatic": False,
                "minutes": None,
            }
        )
        facts["dates"].append({**key, "sec": cut, "from": 1, "to": TODAY + 99})
        facts["amounts"].append({**key, "sec": cut, "to": 1.0})
        facts["people"].append({**key, "contact_id": "x", "added_sec": cut, "seniority": "senior"})
        facts["options"].append(
            {**key, "option_id": "x", "kind": "ours", "offered_sec": cut, "withdrawn_sec": None}
        )
    after = features(core(facts))

    def until(frame):
        old = frame[frame["snapshot_day"] <= day]
        return old.drop(columns=[*LABELS])

    same(until(before), until(after))
    assert (after["snapshot_day"] > day).any()
    assert after["contacts"].sum() > before["contacts"].sum()


@pytest.mark.parametrize("table", ["features.snapshots", "features.decision_points"])
def test_the_order_of_rows_does_not_matter(table):
    rows = core(history(5, reopened=True))
    rng = np.random.default_rng(5)
    shuffled = {
        name: [found[i] for i in rng.permutation(len(found))] for name, found in rows.items()
    }
    pd.testing.assert_frame_equal(features(rows, table), features(shuffled, table))


def test_features_columns_and_definitions_are_one_set():
    """What the model reads, what snapshots hold and what the method page explains is the same."""
    found = set(features(core(history(1, deals=2))).columns)
    others = {"deal_id", "seller_id", "account_id", "source", "snapshot_at", "snapshot_day", "week"}
    labels = {"is_stalled", *LABELS}
    words = Words.read("en")
    explained = [key.split(".")[1] for key in words.keys("feature_definition")]
    assert len(set(FEATURES)) == len(FEATURES)
    assert found - others - labels == set(FEATURES)
    assert sorted(explained) == sorted(FEATURES)
    named = {key.split(".")[1] for key in words.keys("feature")}
    assert named == set(FEATURES)


def test_without_a_declaration_the_current_rows_source_is_no_feature():
    rows = core(history(4))
    rows["creation_facts"] = []
    found = features(rows)
    assert found["lead_source"].isna().all()


def test_a_deal_given_away_belongs_to_its_seller_until_then():
    facts = history(2, deals=12)
    before = features(core(facts))
    moved = next(d for d in facts["deals"] if not d["excluded"] and d["seller_id"] == "s1")
    facts["owners"] = [r for r in facts["owners"] if r["deal_id"] != moved["deal_id"]]
    plain = features(core(facts))
    cut = TODAY * DAY
    facts["owners"].append({"deal_id": moved["deal_id"], "sec": cut, "from": "s1", "to": "s3"})
    after = features(core(facts))
    old = plain["snapshot_day"] < TODAY
    assert len(before) == len(plain) == len(after)
    same(plain[old].drop(columns=LABELS), after[old].drop(columns=LABELS))
