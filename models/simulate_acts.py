"""Who wrote, called and met whom: one row an act, before a CRM makes records of it."""

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_company import DAY, SEOUL
from models.simulate_course import Course
from models.simulate_deals import Book, office
from models.simulate_dice import Dice, Flags, Ints, Texts
from models.simulate_facts import People

EMAIL, TOOL_EMAIL, CALL, MEETING = range(4)
SILENCE_DAYS = 14


def acts(course: Course, book: Book, people: People) -> pd.DataFrame:
    """All acts of the course in order of time.

    deal (of the course), number (of the deal in the book), account, seller, sec, recorded, channel
    (EMAIL, TOOL_EMAIL, CALL, MEETING), is_inbound, is_automatic, prefix (what a tool puts before
    the subject where it has no other place to say which way a mail went), subject, contact (its
    number), contact_email, minutes, status (of a meeting), on_account.
    """
    dice = Dice(course.company.seed, "acts")
    parts = [_replies(course, dice), _touches(course, dice), _meetings(course, dice)]
    if course.company.mess.auto_replies:
        parts.append(_auto_replies(parts[1], dice))
    every = pd.concat(parts, ignore_index=True).sort_values(
        ["sec", "deal", "channel"], kind="stable", ignore_index=True
    )
    every["recorded"] = np.maximum(every["recorded"], course.company.migrated_sec)
    every["contact"] = _contact(people, every, dice)
    on_account = dice.uniform(every.index.to_numpy(), "on account") < 0.04
    plain = every["channel"].isin([TOOL_EMAIL, CALL])
    every["on_account"] = on_account & plain & course.company.mess.account_activities
    every["number"] = book.number[every["deal"].to_numpy()]
    deals = book.opportunities.iloc[every["number"]]
    every["account"] = deals["account"].to_numpy()
    every["seller"] = deals["seller"].to_numpy()
    every["contact_email"] = people.contacts["email"].iloc[every["contact"]].to_numpy()
    return every


def _key(deal: Ints, day: Ints) -> Ints:
    return deal * 100_000 + day


def _in_korean(course: Course, deal: Ints, dice: Dice) -> Flags:
    team = course.sellers.team[course.deals["seller"][deal]]
    korean: Flags = (team == SEOUL) & (dice.uniform(deal, "writes korean") < 0.7)
    return korean & course.company.mess.korean


def _said(
    dice: Dice, key: Ints, korean: Flags, english: tuple[str, ...], other: tuple[str, ...]
) -> Texts:
    said = dice.pick(key, "said", english).astype(object)
    said[korean] = dice.pick(key[korean], "said", other)
    return said


def _replies(course: Course, dice: Dice) -> pd.DataFrame:
    """The buyers' own messages and calls."""
    day, deal, is_later = course.log("reply")
    key, korean = _key(deal, day), _in_korean(course, deal, dice)
    draw = dice.uniform(key, "reply channel")
    channel = np.select([draw < 0.4, draw < 0.75], [EMAIL, TOOL_EMAIL], CALL)
    channel = np.where((is_later == 1) & (channel == CALL), EMAIL, channel)
    topic = _said(dice, key, korean, words.TOPICS, words.TOPICS_KO)
    said = np.where(channel == CALL, "Inbound call: " + topic, "Re: " + topic)
    later = _said(dice, key, korean, words.LATER, words.LATER_KO)
    said = np.where(is_later == 1, later, said)
    tool = np.where(dice.uniform(key, "tool") < 0.6, "[Outreach] [Email] [In] ", "Reply: ")
    prefix = np.where(channel == TOOL_EMAIL, tool, "")
    team = course.sellers.team[course.deals["seller"][deal]]
    sec = office(day, team, 9.5, 12, dice.uniform(key, "reply time"))
    minutes = dice.whole(key, "long", 3, 25)
    return _frame(deal, sec, sec + 60, channel, True, prefix, said, minutes)


def _touches(course: Course, dice: Dice) -> pd.DataFrame:
    """The sellers' own messages and calls; some calls are written down days later."""
    day, deal, silence = course.log("touch")
    key, korean = _key(deal, day), _in_korean(course, deal, dice)
    draw = dice.uniform(key, "touch channel")
    channel = np.select([draw < 0.38, draw < 0.7], [EMAIL, TOOL_EMAIL], CALL)
    topic = _said(dice, key, korean, words.TOPICS, words.TOPICS_KO)
    chase = _said(dice, key, korean, words.CHASES, words.CHASES_KO)
    said = np.where(silence >= SILENCE_DAYS, chase, topic)
    if course.company.pushes_hard:
        presses = dice.uniform(key, "presses") < course.company.pushes_hard
        hard = _said(dice, key, korean, words.PRESSES, words.PRESSES_KO)
        said = np.where((silence >= SILENCE_DAYS) & presses, hard, said)
    call = np.where(dice.uniform(key, "voicemail") < 0.3, "Left VM: ", "Call: ")
    said = np.where(channel == CALL, call + said, said)
    prefix = np.where(channel == TOOL_EMAIL, "[Outreach] [Email] [Out] ", "")
    team = course.sellers.team[course.deals["seller"][deal]]
    sec = office(day, team, 12.5, 16.5, dice.uniform(key, "touch time"))
    is_late = (channel == CALL) & (dice.uniform(key, "logged late") < 0.15)
    recorded = sec + np.where(is_late, DAY * dice.whole(key, "days late", 1, 3), 60)
    minutes = dice.whole(key, "long", 1, 20)
    return _frame(deal, sec, recorded, channel, False, prefix, said, minutes)


def _meetings(course: Course, dice: Dice) -> pd.DataFrame:
    """Meetings held, and some that silent buyers did not come to or that were called off."""
    day, deal, _ = course.log("meeting")
    held = np.ones(day.size, dtype=bool)
    touched, touched_deal, silence = course.log("touch")
    missed = (silence >= 7) & (dice.uniform(_key(touched_deal, touched), "missed") < 0.03)
    day = np.concatenate([day, touched[missed]])
    deal = np.concatenate([deal, touched_deal[missed]])
    held = np.concatenate([held, np.zeros(missed.sum(), dtype=bool)])
    key, korean = _key(deal, day), _in_korean(course, deal, dice)
    team = course.sellers.team[course.deals["seller"][deal]]
    sec = office(day, team, 10, 15.5, np.floor(dice.uniform(key, "slot") * 11) / 11)
    sec -= sec % 1800
    created = course.deals["created"][deal]
    booked = np.maximum(day - dice.whole(key, "booked", 2, 9), created)
    recorded = office(booked, team, 9.45, 9.95, dice.uniform(key, "booked at"))
    lost = np.where(dice.uniform(key, "called off") < 0.5, "Canceled", "No Show")
    status = np.where(held, np.where(dice.uniform(key, "status") < 0.7, "Held", ""), lost)
    said = _said(dice, key, korean, words.MEETINGS, words.MEETINGS_KO)
    minutes = 30 * dice.whole(key, "half hours", 1, 3)
    frame = _frame(deal, sec, np.minimum(recorded, sec), MEETING, True, "", said, minutes)
    return frame.assign(status=status)


def _auto_replies(touches: pd.DataFrame, dice: Dice) -> pd.DataFrame:
    """What a mailbox answers by itself to some of our mail."""
    mail = touches[touches["channel"] == EMAIL]
    away = mail[dice.uniform(mail.index.to_numpy(), "away") < 0.05]
    korean = away["subject"].isin(words.TOPICS_KO + words.CHASES_KO)
    prefix = np.where(korean, "자동 회신: ", "Automatic reply: ")
    return away.assign(
        sec=away["sec"] + 45,
        recorded=away["sec"] + 50,
        is_inbound=True,
        is_automatic=True,
        subject=prefix + away["subject"],
    )


def _frame(
    deal: Ints,
    sec: Ints,
    recorded: Ints,
    channel: Ints | int,
    is_inbound: bool,
    prefix: Texts | str,
    subject: Texts,
    minutes: Ints,
) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "deal": deal,
            "sec": sec,
            "recorded": recorded,
            "channel": channel,
            "is_inbound": is_inbound,
            "is_automatic": False,
            "prefix": prefix,
            "subject": subject,
            "minutes": minutes,
            "status": "",
        }
    )


def _contact(people: People, every: pd.DataFrame, dice: Dice) -> Ints:
    """Mostly the first contact; else one of those who had joined the deal by then."""
    contacts = people.contacts
    joined = contacts[contacts["place"] > 1]
    row = np.flatnonzero(contacts["place"] > 1)
    deal = every["deal"].to_numpy()
    order = np.lexsort((row, joined["deal"].to_numpy()))
    code, row = joined["deal"].to_numpy()[order], row[order]
    begin, end = np.searchsorted(code, deal, "left"), np.searchsorted(code, deal, "right")
    since = people.contacts["created"].to_numpy()
    pick = begin + np.floor(
        dice.uniform(every.index.to_numpy(), "who") * np.maximum(end - begin, 1)
    ).astype(np.int64)
    other = row[np.minimum(pick, max(row.size - 1, 0))] if row.size else np.zeros_like(deal)
    recorded = every[["sec", "recorded"]].min(axis=1).to_numpy()
    is_other = (end > begin) & (since[other] <= recorded)
    is_other &= dice.uniform(every.index.to_numpy(), "first") < 0.4
    return np.where(is_other, other, people.first_contact[deal])
