"""From a course of events to opportunities as a CRM saves them.

Besides the deals of the course there are some that no buyer is behind: duplicates, tests,
renewals. Each opportunity has a number; a deal that was opened again shares the old one's.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import CLOCKS, DAY
from models.simulate_course import CLEANUP, NEVER, SILENT, SOURCES, TOLD_NO, WON, Course
from models.simulate_dice import Dice, Floats, Ints

REOPEN_SHARE, SAME_NAME_SHARE = 0.12, 0.4
DUPLICATE = 8  # an ending that only such opportunities have
KINDS = ("create", "stage", "amount", "push", "save", "close")


@dataclass(frozen=True, eq=False)
class Book:
    """Opportunities and their saves. `number` (deals of the course,) gives each one's own.

    `opportunities`: one row each, numbered from 0 in order of creation. `saves`: one row a save,
    by number and time, with the stage, amount and expected close day in force after it.
    """

    opportunities: pd.DataFrame
    saves: pd.DataFrame
    number: Ints


def office(day: Ints, team: Ints, low: float, high: float, draw: Floats) -> Ints:
    """Epoch seconds on a day between two local hours of a team (at most 9 to 18)."""
    local = low + (high - low) * draw
    seconds: Ints = day * DAY + ((local - CLOCKS[team]) * 3600).astype(np.int64)
    return seconds


def book(course: Course) -> Book:
    """All opportunities of a course, with those that its mess adds."""
    d = course.deals
    dice = Dice(course.company.seed, "deals")
    every = np.arange(len(d))
    own = _handed_down(course, dice, "reopened_deals", REOPEN_SHARE, within=120)
    name_of = _handed_down(course, dice, "recreated_deals", SAME_NAME_SHARE, within=10_000)
    team = course.sellers.team[d["seller"]]
    deals = pd.DataFrame(
        {
            "own": every,
            "deal": every,
            "created": office(d["created"], team, 9, 9.4, dice.uniform(every, "created")),
            "account": d["account"],
            "seller": d["seller"],
            "source": np.asarray(SOURCES)[d["source"]],
            "type": "New Business",
            "name_of": name_of,
            "is_test": False,
        }
    )[own == every]
    saves = pd.concat([_saves(course, dice, own), _bulk(course, own)], ignore_index=True)
    extra_deals, extra_saves = _extras(course, dice, deals)
    deals = pd.concat([deals, extra_deals], ignore_index=True)
    deals = deals.sort_values(["created", "own"], kind="stable", ignore_index=True)
    number = pd.Series(np.arange(len(deals)), index=deals["own"].to_numpy())
    saves = pd.concat([saves, extra_saves], ignore_index=True)
    saves["number"] = number.reindex(saves["own"]).to_numpy()
    saves = saves.sort_values(["number", "sec", "order"], kind="stable", ignore_index=True)
    saves[["stage", "amount", "expected"]] = saves.groupby("number")[
        ["stage", "amount", "expected"]
    ].ffill()
    if course.company.mess.migration:
        deals, saves = _migrated(course.company.migrated_sec, deals, saves)
    return Book(deals, saves, number.reindex(own).to_numpy())


def _bulk(course: Course, own: Ints) -> pd.DataFrame:
    """One hand that moves the close dates of all open deals to one day, every half year."""
    d, company = course.deals, course.company
    made = []
    for day in range(company.first_day + 150, company.last_day, 182):
        if not company.mess.bulk_edits:
            break
        is_open = (d["created"] < day) & ((d["closed_on"] == NEVER) | (d["closed_on"] > day))
        deal = np.flatnonzero(is_open)
        made.append(
            pd.DataFrame(
                {
                    "own": own[deal],
                    "deal": deal,
                    "kind": "bulk",
                    "order": KINDS.index("push"),
                    "sec": day * DAY + 43_200 + np.arange(deal.size) % 300,
                    "stage": np.nan,
                    "amount": np.nan,
                    "expected": float(day + 92),
                    "seller": d["seller"][deal],
                    "ending": 0,
                }
            )
        )
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame()


def _migrated(
    sec: int, deals: pd.DataFrame, saves: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What the new CRM holds: each older deal as it last stood open, as if created then.

    Those that were over are closed again a minute later.
    """
    older = saves["sec"] < sec
    stood = older & saves["kind"].ne("close")
    first = stood & saves["number"].where(stood).duplicated(keep="last").eq(False)
    over = (
        older
        & saves["kind"].eq("close")
        & ~saves["number"].shift(-1).where(older.shift(-1, fill_value=False)).eq(saves["number"])
    )
    moved = sec + saves["number"] % 50 + 60 * over
    saves = saves.assign(
        sec=saves["sec"].mask(first | over, moved), kind=saves["kind"].mask(first, "create")
    )
    created = deals["created"].where(deals["created"] >= sec, sec + deals.index.to_numpy() % 50)
    return deals.assign(created=created), saves[first | over | ~older].reset_index(drop=True)


def _handed_down(course: Course, dice: Dice, switch: str, share: float, within: int) -> Ints:
    """For each deal itself or, for a share of those that came back, the deal it came of."""
    d = course.deals
    own = np.arange(len(d))
    if not getattr(course.company.mess, switch):
        return own
    parent = d["parent"]
    soon = (parent != NEVER) & (d["created"] - d["closed_on"][parent] <= within)
    for row in np.flatnonzero(soon & (dice.uniform(own, switch) < share)):
        own[row] = own[parent[row]]  # parents stand before their children
    return own


def _saves(course: Course, dice: Dice, own: Ints) -> pd.DataFrame:
    """Every save of the course: what it set (NaN: left as it was), when, and in which order."""
    d = course.deals
    logs = [course.log(kind) for kind in KINDS]
    day, deal, value = (np.concatenate([log[part] for log in logs]) for part in range(3))
    order = np.repeat(np.arange(len(KINDS)), [log[0].size for log in logs])
    kind = np.asarray(KINDS)[order]
    expected_at_first = np.zeros(len(d))
    expected_at_first[course.log("expect")[1]] = course.log("expect")[2]
    is_new, is_close = kind == "create", kind == "close"
    ending = np.where(is_close, value, 0)

    named = np.isin(ending, (TOLD_NO, SILENT)) & (dice.uniform(deal, "own stage") < 0.55)
    lost = np.where(named, words.CLOSED_NO_DECISION, words.CLOSED_LOST)
    closed_stage = np.where(ending == WON, words.CLOSED_WON, lost)
    back = np.zeros(deal.size, dtype=np.int64)
    share = max(0.05 * course.company.mess.back_dated_closes, course.company.mess.long_ago_closes)
    if share > 0:
        dated_back = (ending != WON) & (dice.uniform(deal, "back-dated") < share)
        back = np.where(dated_back, dice.whole(deal, "days back", 15, 60), 0)
    stage = np.where(is_new, d["start_stage"][deal], np.where(is_close, closed_stage, value))
    expected = np.where(is_new, expected_at_first[deal], np.where(is_close, day - back, value))

    team = course.sellers.team[d["seller"][deal]]
    draw = dice.uniform(deal * 16 + order, "save", day)
    sec = office(day, team, 16.8, 17.6, draw)
    sec = np.where(is_new, office(day, team, 9, 9.4, dice.uniform(deal, "created")), sec)
    sec = np.where(is_close, office(day, team, 17.62, 17.98, draw), sec)
    # Clean-ups are the work of one minute.
    swept = ending == CLEANUP
    sec = np.where(swept, office(day, team, 17.7, 17.7, draw) + np.cumsum(swept) % 50, sec)
    return pd.DataFrame(
        {
            "own": own[deal],
            "deal": deal,
            "kind": kind,
            "order": order,
            "sec": sec,
            "stage": np.where(is_new | is_close | (kind == "stage"), stage, np.nan),
            "amount": np.where(is_new | (kind == "amount"), value, np.nan),
            "expected": np.where(is_new | is_close | (kind == "push"), expected, np.nan),
            "seller": d["seller"][deal],
            "ending": ending,
        }
    )


def _extras(course: Course, dice: Dice, deals: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Opportunities that no buyer is behind, with their saves."""
    d, mess = course.deals, course.company.mess
    rows, created = deals["own"].to_numpy(), deals["created"].to_numpy()
    made: list[pd.DataFrame] = []

    def add(where: Ints, sec: Ints, open_days: Ints, **values: Any) -> None:
        some = deals.iloc[where].assign(created=sec, over=sec + DAY * open_days, **values)
        made.append(some.assign(amount=np.round(d["amount"][rows[where]] * 0.9, -2)))

    if mess.duplicate_deals:
        twins = np.flatnonzero(dice.uniform(rows, "twin") < 0.016)
        sec = created[twins] + DAY * dice.whole(twins, "twin day", 1, 6)
        add(twins, sec, dice.whole(twins, "twin end", 3, 30), ending=DUPLICATE)
    if mess.deleted_rows:
        tests = np.flatnonzero(dice.uniform(rows, "test") < 0.004)
        add(tests, created[tests] + DAY, tests * 0 + 7, ending=0, is_test=True)
    if mess.renewals:
        won = (d["ending"][rows] == WON) & (dice.uniform(rows, "renews") < 0.33)
        kept = np.flatnonzero(won)
        wait = dice.whole(kept, "renewal", 90, 330)
        add(
            kept,
            (d["closed_on"][rows[kept]] + wait) * DAY + 50_000,
            dice.whole(kept, "renewal end", 20, 60),
            ending=np.where(dice.uniform(kept, "renewed") < 0.85, WON, TOLD_NO),
            type=dice.pick(kept, "renewal type", ["Renewal", "Existing Business"]),
        )
    if not made:
        return deals.iloc[:0], pd.DataFrame()
    extra = pd.concat(made, ignore_index=True)
    extra["own"] = len(d) + np.arange(len(extra))
    first = extra[["own", "deal", "seller", "amount"]].assign(
        kind="create", order=0, sec=extra["created"], stage=1, ending=0
    )
    first["expected"] = extra["over"] // DAY
    last = first.assign(kind="close", order=5, sec=extra["over"], ending=extra["ending"])
    is_won = extra["ending"] == WON
    last["stage"] = np.where(is_won, words.CLOSED_WON, words.CLOSED_LOST)
    saves = pd.concat([first, last[~extra["is_test"]]], ignore_index=True)
    return extra[deals.columns], saves
