"""Accounts, users, contacts, contact roles and leads of a company."""

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY, SEOUL, TEAMS
from models.simulate_course import NEVER, Course
from models.simulate_deals import Book, office
from models.simulate_dice import Dice, Ints
from models.simulate_facts import People
from models.simulate_leads import leads


def people(course: Course, book: Book) -> People:
    """Everyone on both sides."""
    dice = Dice(course.company.seed, "people")
    accounts, account_name = _accounts(course, dice)
    users, email = _users(course, dice)
    contacts, first = _contacts(course, dice)
    every_lead, lead = leads(course, book, account_name, first)
    operations = len(course.sellers.team)
    return People(
        accounts=accounts,
        account_name=account_name,
        users=users,
        contacts=contacts,
        roles=_roles(course, book, contacts, first, dice),
        leads=every_lead,
        first_contact=first,
        lead=lead,
        seller_email=email,
        operations=operations,
        automation=operations + int(course.company.mess.automation_user),
    )


def _first_of(course: Course, values: Ints, many: int) -> Ints:
    """The value of the first deal of each account."""
    first = np.zeros(many, dtype=np.int64)
    first[course.deals["account"][::-1]] = values[::-1]
    return first


def _accounts(course: Course, dice: Dice) -> tuple[pd.DataFrame, pd.Series]:
    d, mess = course.deals, course.company.mess
    many = int(d["account"].max()) + 1 if len(d) else 0
    every = np.arange(many)
    team = course.sellers.team[_first_of(course, d["seller"], many)]
    known = DAY * dice.whole(every, "known", 1, 40) - dice.whole(every, "time", 30_000, 60_000)
    created = _first_of(course, d["created"], many) * DAY - known
    is_korean = (team == SEOUL) & mess.korean
    latin = words.joined(dice, every, words.PLACES, words.TRADES, " ")
    latin = np.char.add(np.char.add(latin, " "), dice.pick(every, "form", words.FORMS))
    name = np.where(
        is_korean, words.joined(dice, every, words.PLACES_KO, words.TRADES_KO, ""), latin
    )
    name = name.astype(object)
    if mess.hostile_names and many > 7:
        name[7] = "=cmd|' /C calc'!A0"
    misfit = _first_of(course, d["misfit"].astype(np.int64), many) == 1
    size = np.exp(5.2 - 0.9 * misfit + 1.1 * dice.normal(every, "employees"))
    incumbent = dice.pick(every, "incumbent", words.RIVALS).astype(object)
    incumbent[~course.has_incumbent(every)] = None
    accounts = pd.DataFrame(
        {
            "number": every,
            "name": name,
            "industry": dice.pick(every, "industry", words.INDUSTRIES),
            "employees": size.astype(np.int64) + 5,
            "country": np.asarray(words.COUNTRIES)[team],
            "incumbent": incumbent,
            "created": created,
            "since": created,
        }
    )
    # Numbers of prospects that never came are gaps, not accounts.
    return accounts[np.isin(every, d["account"])], pd.Series(name)


def _users(course: Course, dice: Dice) -> tuple[pd.DataFrame, pd.Series]:
    sellers, company = course.sellers, course.company
    every = np.arange(sellers.team.size)
    is_korean = (sellers.team == SEOUL) & company.mess.korean
    name = np.where(
        is_korean,
        words.joined(dice, every, words.LAST_KO, words.FIRST_KO, ""),
        words.joined(dice, every, words.FIRST, words.LAST, " "),
    )
    extra = ["Sales Operations"]
    if company.mess.automation_user:
        extra.append("Automated Process")
    many = every.size + len(extra)
    email = [f"user{place:02d}@ourcompany.example" for place in range(many)]
    started = company.first_day * DAY - 30 * DAY
    users = pd.DataFrame(
        {
            "number": np.arange(many),
            "name": [*name, *extra],
            "email": email,
            "team": [*np.asarray(TEAMS)[sellers.team], *(["Operations"] * len(extra))],
            "title": ["Account Executive"] * every.size + ["Administrator"] * len(extra),
            "is_active": True,
            "is_automatic": np.arange(many) > every.size,
            "created": started,
            "since": started,
        }
    )
    left = np.flatnonzero(sellers.leaves_on <= company.last_day)
    gone = users.iloc[left].assign(is_active=False, since=sellers.leaves_on[left] * DAY + 60_000)
    return pd.concat([users, gone], ignore_index=True), pd.Series(email)


def _contacts(course: Course, dice: Dice) -> tuple[pd.DataFrame, Ints]:
    """One contact for each deal that did not come of another, and everyone who joined later."""
    d = course.deals
    day, joined, place = course.log("contact")
    roots = np.flatnonzero(d["parent"] == NEVER)
    deal = np.concatenate([roots, joined])
    place = np.concatenate([np.ones(roots.size, dtype=np.int64), place])
    day = np.concatenate([d["created"][roots], day])
    team = course.sellers.team[d["seller"][deal]]
    draw = dice.uniform(deal * 16 + place, "met")
    sec = np.where(place == 1, office(day, team, 9, 9.0, draw), office(day, team, 9.41, 9.49, draw))
    order = np.lexsort((place, deal, sec))
    deal, place, sec = deal[order], place[order], sec[order]
    key = deal * 16 + place
    is_korean = (team[order] == SEOUL) & course.company.mess.korean
    name = np.where(
        is_korean,
        words.joined(dice, key, words.LAST_KO, words.FIRST_KO, ""),
        words.joined(dice, key, words.FIRST, words.LAST, " "),
    )
    number = d["account"][deal]
    contacts = pd.DataFrame(
        {
            "number": np.arange(deal.size),
            "account": number,
            "name": name,
            "title": dice.pick(key, "title", words.TITLES),
            "email": [
                f"c{k}.{p}@a{a}.example" for k, p, a in zip(deal, place, number, strict=True)
            ],
            "deal": deal,
            "place": place,
            "created": sec,
            "since": sec,
        }
    )
    first = np.zeros(len(d), dtype=np.int64)
    first[deal[place == 1]] = np.flatnonzero(place == 1)
    for row in np.flatnonzero(d["parent"] != NEVER):
        first[row] = first[d["parent"][row]]
    return contacts, first


def _roles(
    course: Course, book: Book, contacts: pd.DataFrame, first: Ints, dice: Dice
) -> pd.DataFrame:
    """The first contact on every deal at its creation, the others when they join."""
    own = book.opportunities["own"].to_numpy()
    real = np.flatnonzero(own < len(course.deals))
    joined = np.flatnonzero(contacts["place"] > 1)
    deal = np.concatenate([real, book.number[contacts["deal"].iloc[joined]]])
    contact = np.concatenate([first[own[real]], joined])
    created = book.opportunities["created"].to_numpy()[real]
    added = np.maximum(contacts["created"].to_numpy()[joined], course.company.migrated_sec)
    sec = np.concatenate([created + 60, added + 30])
    order = np.lexsort((contact, deal, sec))
    deal, contact, sec = deal[order], contact[order], sec[order]
    role = dice.pick(contact, "role", words.ROLES).astype(object)
    role[dice.uniform(contact, "no role") < 0.25] = None
    return pd.DataFrame(
        {
            "number": np.arange(sec.size),
            "deal": deal,
            "contact": contact,
            "role": role,
            "is_primary": contacts["place"].iloc[contact].to_numpy() == 1,
            "created": sec,
            "since": sec,
        }
    )
