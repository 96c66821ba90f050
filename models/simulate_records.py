"""Opportunities, their history, quotes and rivals as versions of Salesforce records.

A version is a row with `_sec`, the moment from which it stands; the last one of an Id that is not
later than an export is the row that the export holds.
"""

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
    WON,
    Course,
)
from models.simulate_deals import DUPLICATE, Book, office
from models.simulate_dice import Dice, Ints
from models.simulate_people import People
from models.simulate_salesforce import ids

Versions = dict[str, pd.DataFrame]
# How often each ending is left without a reason: most of all when there is nothing to say.
BLANK = np.array([0.0, 0.0, 0.22, 0.18, 0.76, 0.07, 0.1, 0.0, 0.0])
STAGES = pd.DataFrame(words.STAGES, columns=["label", "probability", "is_closed", "is_won"])


def records(course: Course, book: Book, people: People) -> Versions:
    """Opportunity, OpportunityHistory, OpportunityStage, Quote and OpportunityCompetitor."""
    dice = Dice(course.company.seed, "records")
    saves = book.saves
    stage = STAGES.iloc[saves["stage"].to_numpy(dtype=np.int64)].reset_index(drop=True)
    opportunity = ids("Opportunity", np.arange(len(book.opportunities)))
    return {
        "Opportunity": _opportunities(course, book, people, stage, opportunity, dice),
        "OpportunityHistory": _history(course, book, people, stage, opportunity),
        "OpportunityStage": _stages(course),
        "Quote": _quotes(course, book, opportunity, dice),
        "OpportunityCompetitor": _rivals(course, book, opportunity, dice),
    }


def _opportunities(
    course: Course,
    book: Book,
    people: People,
    stage: pd.DataFrame,
    opportunity: pd.Series,
    dice: Dice,
) -> pd.DataFrame:
    mess, saves = course.company.mess, book.saves
    number = saves["number"].to_numpy()
    deals = book.opportunities.iloc[number].reset_index(drop=True)
    moved = saves["stage"].ne(saves.groupby("number")["stage"].shift())
    moved &= saves["kind"].ne("create") | saves["number"].eq(saves["number"].shift())
    changed = saves["sec"].astype("float").where(moved).groupby(saves["number"]).ffill()
    steps = words.NEXT_STEPS + (words.NEXT_STEPS_AWKWARD if mess.awkward_text else ())
    versions = pd.DataFrame(
        {
            "Id": opportunity.iloc[number].to_numpy(),
            "IsDeleted": False,
            "AccountId": people.account.iloc[deals["account"]].to_numpy(),
            "Name": _names(course, book, people, dice)[number],
            "StageName": stage["label"],
            "Amount": saves["amount"],
            "Probability": stage["probability"],
            "CloseDate": saves["expected"],
            "Type": deals["type"],
            "NextStep": dice.pick(number * 100 + stage.index.to_numpy() % 7, "step", steps),
            "LeadSource": deals["source"],
            "IsClosed": stage["is_closed"],
            "IsWon": stage["is_won"],
            "OwnerId": people.seller.iloc[deals["seller"]].to_numpy(),
            "CreatedDate": deals["created"],
            "LastModifiedDate": saves["sec"],
            "LastStageChangeDate": changed,
            **_reasons(course, saves, deals, dice),
            "_sec": saves["sec"],
        }
    )
    more = [versions]
    if mess.edits_after_close:
        closed = versions[versions["IsClosed"].astype(bool) & saves["kind"].eq("close")]
        edited = closed[dice.uniform(closed.index.to_numpy(), "edited") < 0.2]
        later = DAY * dice.whole(edited.index.to_numpy(), "edit", 5, 120)
        until = versions.groupby("Id")["_sec"].shift(-1).loc[edited.index].fillna(np.inf)
        edited = edited.assign(_sec=edited["_sec"] + later)
        more.append(edited[edited["_sec"] < until])
    if mess.deleted_rows:
        tests = versions[deals["is_test"].astype(bool)]
        more.append(tests.assign(IsDeleted=True, _sec=tests["_sec"] + 7 * DAY))
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
        "Loss_Reason__c": reason,
        "Loss_Reason_Details__c": detail,
        "Competitor__c": rival,
        "Return_Date__c": np.where(has_date, return_on, np.nan),
    }


def _history(
    course: Course, book: Book, people: People, stage: pd.DataFrame, opportunity: pd.Series
) -> pd.DataFrame:
    saves = book.saves
    number = saves["number"].to_numpy()
    serial = np.empty(len(saves), dtype=np.int64)
    serial[np.lexsort((number, saves["sec"]))] = np.arange(len(saves))
    by = people.seller.iloc[saves["seller"]].to_numpy()
    by = np.where(saves["ending"] == CLEANUP, people.operations, by)
    if course.company.mess.automation_user:
        by = np.where(saves["kind"] == "save", people.automation, by)
    versions = pd.DataFrame(
        {
            "Id": ids("OpportunityHistory", serial),
            "OpportunityId": opportunity.iloc[number].to_numpy(),
            "CreatedById": by,
            "CreatedDate": saves["sec"],
            "StageName": stage["label"],
            "Amount": saves["amount"],
            "CloseDate": saves["expected"],
            "Probability": stage["probability"],
            "IsDeleted": False,
            "SystemModstamp": saves["sec"],
            "_sec": saves["sec"],
        }
    )
    is_test = np.flatnonzero(book.opportunities["is_test"].to_numpy(dtype=bool)[number])
    tests = versions.iloc[is_test]
    deleted = tests.assign(IsDeleted=True, _sec=tests["_sec"] + 7 * DAY)
    return pd.concat([versions, deleted], ignore_index=True)


def _stages(course: Course) -> pd.DataFrame:
    order = np.arange(len(STAGES))
    return pd.DataFrame(
        {
            "Id": ids("OpportunityStage", order),
            "MasterLabel": STAGES["label"],
            "ApiName": STAGES["label"],
            "IsActive": True,
            "SortOrder": order + 1,
            "IsClosed": STAGES["is_closed"],
            "IsWon": STAGES["is_won"],
            "DefaultProbability": STAGES["probability"],
            "CreatedDate": course.company.first_day * DAY,
            "_sec": course.company.first_day * DAY,
        }
    )


def _at(course: Course, kind: str, dice: Dice, low: float, high: float) -> tuple[Ints, Ints, Ints]:
    day, deal, value = course.log(kind)
    team = course.sellers.team[course.deals["seller"][deal]]
    return office(day, team, low, high, dice.uniform(deal, kind, day)), deal, value


def _quotes(course: Course, book: Book, opportunity: pd.Series, dice: Dice) -> pd.DataFrame:
    d = course.deals
    sec, deal, place = _at(course, "quote", dice, 16, 16.7)
    discount = np.where(place > 1, 5 * (place - 1), 0)
    total = d["amount"][deal] * (1 + 0.3 * dice.uniform(deal, "list price", place))
    offered = pd.DataFrame(
        {
            "Id": ids("Quote", np.arange(sec.size)),
            "OpportunityId": opportunity.iloc[book.number[deal]].to_numpy(),
            "Name": np.char.add("Quote ", place.astype(str)),
            "Status": "Presented",
            "Discount": discount.astype(float),
            "TotalPrice": np.round(total, 2),
            "GrandTotal": np.round(total * (1 - discount / 100), 2),
            "CreatedDate": sec,
            "LastModifiedDate": sec,
            "IsDeleted": False,
            "_sec": sec,
        }
    )
    over = np.flatnonzero(d["closed_on"][deal] != NEVER)
    is_won = (d["ending"][deal] == WON) & (place == d["quotes"][deal])
    answered = offered.iloc[over].assign(
        Status=np.where(is_won, "Accepted", "Denied")[over],
        _sec=np.maximum((d["closed_on"][deal] * DAY + 86_399)[over], sec[over]),
    )
    return pd.concat([offered, answered], ignore_index=True)


def _rivals(course: Course, book: Book, opportunity: pd.Series, dice: Dice) -> pd.DataFrame:
    sec, deal, place = _at(course, "rival", dice, 13, 16)
    first = dice.whole(deal, "first rival", 0, len(words.RIVALS) - 1)
    return pd.DataFrame(
        {
            "Id": ids("OpportunityCompetitor", np.arange(sec.size)),
            "OpportunityId": opportunity.iloc[book.number[deal]].to_numpy(),
            "CompetitorName": np.asarray(words.RIVALS)[(first + place) % len(words.RIVALS)],
            "CreatedDate": sec,
            "IsDeleted": False,
            "_sec": sec,
        }
    )
