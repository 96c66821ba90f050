"""Deals, their saves, quotes and rivals, as versions of each."""

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY, SEOUL
from models.simulate_course import (
    CLEANUP,
    COMPETITOR,
    DISQUALIFIED,
    NEVER,
    SILENT,
    TOLD_NO,
    WON,
    Course,
)
from models.simulate_deals import DUPLICATE, Book, office
from models.simulate_dice import Dice, Flags, Ints
from models.simulate_facts import People

# How often each ending is left without a reason: most of all when there is nothing to say.
BLANK = np.array([0.0, 0.0, 0.22, 0.18, 0.76, 0.07, 0.1, 0.0, 0.0])
HOME = "USD"
ABANDONED_AFTER = 0.6  # of the time
IS_CLOSED: Flags = np.array([is_closed for _, _, is_closed, _ in words.STAGES])


def states(course: Course, book: Book, people: People) -> dict[str, pd.DataFrame]:
    """Deals, saves, quotes and rivals."""
    dice = Dice(course.company.seed, "records")
    return {
        "deals": _deals(course, book, people, dice),
        "saves": _saves(course, book, people),
        "quotes": _quotes(course, book, dice),
        "rivals": _rivals(course, book, dice),
    }


def _deals(course: Course, book: Book, people: People, dice: Dice) -> pd.DataFrame:
    mess, saves = course.company.mess, book.saves
    number = saves["number"].to_numpy()
    deals = book.opportunities.iloc[number].reset_index(drop=True)
    moved = saves["stage"].ne(saves.groupby("number")["stage"].shift())
    moved &= saves["kind"].ne("create") | saves["number"].eq(saves["number"].shift())
    changed = saves["sec"].astype("float").where(moved).groupby(saves["number"]).ffill()
    steps = words.NEXT_STEPS + (words.NEXT_STEPS_AWKWARD if mess.awkward_text else ())
    versions = pd.DataFrame(
        {
            "number": number,
            "account": deals["account"],
            "seller": deals["seller"],
            "name": _names(course, book, people, dice)[number],
            "kind": deals["type"],
            "source": deals["source"],
            "stage": saves["stage"].astype(np.int64),
            "amount": saves["amount"],
            "expected_on": saves["expected"],
            "next_step": dice.pick(number * 100 + saves.index.to_numpy() % 7, "step", steps),
            **_reasons(course, saves, deals, dice),
            "created": deals["created"],
            "stage_since": changed,
            "is_deleted": False,
            "currency": HOME,
            "since": saves["sec"],
        }
    )
    more = [versions]
    if mess.edits_after_close:
        closed = versions[IS_CLOSED[versions["stage"]] & saves["kind"].eq("close")]
        edited = closed[dice.uniform(closed.index.to_numpy(), "edited") < 0.2]
        later = DAY * dice.whole(edited.index.to_numpy(), "edit", 5, 120)
        until = versions.groupby("number")["since"].shift(-1).loc[edited.index].fillna(np.inf)
        edited = edited.assign(since=edited["since"] + later)
        more.append(edited[edited["since"] < until])
    if mess.deleted_rows:
        tests = versions[deals["is_test"].astype(bool)]
        more.append(tests.assign(is_deleted=True, since=tests["since"] + 7 * DAY))
    return pd.concat(more, ignore_index=True)


def _names(course: Course, book: Book, people: People, dice: Dice) -> np.ndarray:
    deals = book.opportunities
    product = dice.pick(deals["name_of"].to_numpy(), "product", words.PRODUCTS)
    name = people.account_name.iloc[deals["account"]].to_numpy() + " - " + product
    name = np.where(deals["type"] != "New Business", name + " " + deals["type"], name)
    name = np.where(deals["is_test"], "test - please delete", name)
    if course.company.mess.hostile_names and len(name) > 9:
        name[9] = "<script>alert(1)</script>"
    return name


def _reasons(
    course: Course, saves: pd.DataFrame, deals: pd.DataFrame, dice: Dice
) -> dict[str, np.ndarray]:
    """Loss reason, details, rival and return date of closing saves; blank on all others."""
    d, mess = course.deals, course.company.mess
    ending = np.where(saves["kind"] == "close", saves["ending"], 0)
    deal = saves["deal"].to_numpy()
    is_own = (deals["own"] < len(d)).to_numpy()
    key = saves["own"].to_numpy() * 8 + ending
    in_seoul = course.sellers.team[deals["seller"].to_numpy()] == SEOUL
    korean = in_seoul & (dice.uniform(key, "korean") < 0.6) & mess.korean
    korean |= in_seoul & mess.korean & (ending == CLEANUP)
    # Some sellers let go and write down only that nobody answered.
    told = np.where((ending == DISQUALIFIED) & (dice.uniform(key, "tells") < 0.09), SILENT, ending)
    wrong = (told > WON) & (dice.uniform(key, "mislabels") < mess.mislabelled)
    told = np.where(wrong, _another(told, dice, key), told)
    reason = np.full(len(saves), None, dtype=object)
    for code, english in words.REASONS.items():
        at = told == code
        reason[at] = dice.pick(key[at], "reason", english)
        at &= korean
        reason[at] = dice.pick(key[at], "reason", words.REASONS_KO[code])
    is_lost = (ending != 0) & (ending != WON)
    vague = is_lost & (dice.uniform(key, "vague") < 0.025)
    reason[vague] = np.where(korean[vague], "기타", "Other")
    if mess.blank_reasons:
        reason[is_lost & (dice.uniform(key, "blank") < BLANK[ending])] = None
    reason[is_lost & (dice.uniform(key, "missing") < mess.missing_reasons)] = None
    untold = is_lost & np.isin(ending, (SILENT, DISQUALIFIED, CLEANUP))
    reason[untold & (dice.uniform(key, "not said") < mess.missing_if_silent)] = None
    if mess.abandoned_reasons:
        first, last = course.company.first_day, course.company.last_day
        late = saves["sec"].to_numpy() > (first + ABANDONED_AFTER * (last - first)) * DAY
        reason[is_lost & late & (dice.uniform(key, "still filled") < 0.95)] = None
    reason[ending == DUPLICATE] = "Duplicate"
    detail = np.full(len(saves), None, dtype=object)
    for code, text in words.DETAILS.items():
        at = (told == code) & (reason != None) & (dice.uniform(key, "detail") < 0.15)  # noqa: E711
        detail[at] = text if mess.awkward_text else text.replace("\n", " ").replace('"', "")
    rival = np.full(len(saves), None, dtype=object)
    named = np.where(reason == None, 0.75, 0.55)  # noqa: E711
    at = (ending == COMPETITOR) & (dice.uniform(key, "rival") < named)
    rival[at] = dice.pick(key[at], "which", words.RIVALS)
    return_on = d["return_on"][np.where(is_own, deal, 0)].astype(float)
    has_date = is_own & (ending == DISQUALIFIED) & (return_on != NEVER)
    # What a closing said stands until the deal is opened again, which is a save of its own.
    return {
        "reason": reason,
        "detail": detail,
        "rival": rival,
        "return_on": np.where(has_date, return_on, np.nan),
    }


def _another(ending: Ints, dice: Dice, key: Ints) -> Ints:
    """A kind of loss that each is not."""
    kinds = np.array([COMPETITOR, TOLD_NO, SILENT, DISQUALIFIED])
    place = np.searchsorted(kinds, np.clip(ending, kinds[0], kinds[-1]))
    other: Ints = kinds[(place + dice.whole(key, "which instead", 1, 3)) % len(kinds)]
    return other


def _saves(course: Course, book: Book, people: People) -> pd.DataFrame:
    saves = book.saves
    number = saves["number"].to_numpy()
    serial = np.empty(len(saves), dtype=np.int64)
    serial[np.lexsort((number, saves["sec"]))] = np.arange(len(saves))
    by = saves["seller"].to_numpy()
    by = np.where((saves["ending"] == CLEANUP) | (saves["kind"] == "bulk"), people.operations, by)
    if course.company.mess.automation_user:
        by = np.where(saves["kind"] == "save", people.automation, by)
    versions = pd.DataFrame(
        {
            "number": serial,
            "deal": number,
            "by": by,
            "kind": saves["kind"],
            "stage": saves["stage"].astype(np.int64),
            "amount": saves["amount"],
            "expected_on": saves["expected"],
            "created": saves["sec"],
            "is_deleted": False,
            "since": saves["sec"],
        }
    )
    is_test = np.flatnonzero(book.opportunities["is_test"].to_numpy(dtype=bool)[number])
    tests = versions.iloc[is_test]
    deleted = tests.assign(is_deleted=True, since=tests["since"] + 7 * DAY)
    return pd.concat([versions, deleted], ignore_index=True)


def _at(course: Course, kind: str, dice: Dice, low: float, high: float) -> tuple[Ints, Ints, Ints]:
    day, deal, value = course.log(kind)
    team = course.sellers.team[course.deals["seller"][deal]]
    sec = office(day, team, low, high, dice.uniform(deal, kind, day))
    return np.maximum(sec, course.company.migrated_sec), deal, value


def _quotes(course: Course, book: Book, dice: Dice) -> pd.DataFrame:
    d = course.deals
    sec, deal, place = _at(course, "quote", dice, 16, 16.7)
    discount = np.where(place > 1, 5 * (place - 1), 0)
    total = d["amount"][deal] * (1 + 0.3 * dice.uniform(deal, "list price", place))
    offered = pd.DataFrame(
        {
            "number": np.arange(sec.size),
            "deal": book.number[deal],
            "place": place,
            "status": "presented",
            "discount": discount.astype(float),
            "total": np.round(total, 2),
            "net": np.round(total * (1 - discount / 100), 2),
            "created": sec,
            "since": sec,
        }
    )
    over = np.flatnonzero(d["closed_on"][deal] != NEVER)
    is_won = (d["ending"][deal] == WON) & (place == d["quotes"][deal])
    answered = offered.iloc[over].assign(
        status=np.where(is_won, "accepted", "denied")[over],
        since=np.maximum((d["closed_on"][deal] * DAY + 86_399)[over], sec[over]),
    )
    return pd.concat([offered, answered], ignore_index=True)


def _rivals(course: Course, book: Book, dice: Dice) -> pd.DataFrame:
    sec, deal, place = _at(course, "rival", dice, 13, 16)
    first = dice.whole(deal, "first rival", 0, len(words.RIVALS) - 1)
    return pd.DataFrame(
        {
            "number": np.arange(sec.size),
            "deal": book.number[deal],
            "name": np.asarray(words.RIVALS)[(first + place) % len(words.RIVALS)],
            "created": sec,
            "since": sec,
        }
    )
