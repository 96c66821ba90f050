"""What was put on the list of things done and to do, and the mail, with all their litter."""

from typing import Any

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_acts import CALL, EMAIL, MEETING, TOOL_EMAIL
from models.simulate_company import DAY
from models.simulate_course import NEVER, Course
from models.simulate_deals import Book, office
from models.simulate_dice import Dice
from models.simulate_facts import People
from models.simulate_meetings import meetings


def entries(
    course: Course, book: Book, people: People, acts: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Entries, mail and meetings."""
    dice = Dice(course.company.seed, "activities")
    mail = acts[acts["channel"] == EMAIL].reset_index(drop=True)
    copied = mail if course.company.mess.twin_tasks else mail.iloc[:0]
    put_down = acts[acts["channel"].isin([TOOL_EMAIL, CALL])]
    what = np.where(put_down["channel"] == CALL, "call", "tool_email")
    listed = pd.concat(
        [
            _entries(put_down, what),
            _entries(copied, "copy", prefix="Email: ", _mail=np.arange(len(copied))),
            _traces(course, people, mail, dice),
            _lead_emails(course, people, dice),
            _promises(course, book, people, dice),
            _todos(course, acts, dice),
        ],
        ignore_index=True,
    )
    listed = _numbered(listed, course, dice)
    copy_of = listed.drop_duplicates("_mail").set_index("_mail")["number"]
    return {
        "entries": listed.drop(columns=["_mail", "_task"]),
        "mail": _mail(mail).assign(
            copy=copy_of.reindex(np.arange(len(mail)), fill_value=NEVER).to_numpy()
        ),
        "meetings": meetings(course, people, acts[acts["channel"] == MEETING]),
    }


def _entries(rows: pd.DataFrame, what: Any, **values: Any) -> pd.DataFrame:
    """Things done as most are; `values` replace what is different."""
    return pd.DataFrame(
        {
            "what": pd.Series(what, rows.index, dtype="object"),
            "prefix": rows["prefix"],
            "subject": rows["subject"],
            "contact": rows["contact"],
            "lead": NEVER,
            "deal": rows["number"],
            "account": rows["account"],
            "on_account": rows["on_account"],
            "seller": rows["seller"],
            "by": rows["seller"],
            "sec": rows["sec"],
            "minutes": rows["minutes"],
            "is_inbound": rows["is_inbound"],
            "is_done": True,
            "done": rows["recorded"],
            "note": None,
            "created": rows["recorded"],
            "is_deleted": False,
            "since": rows["recorded"],
            "_mail": -1,
            "_task": -1,
        }
    ).assign(**values)


def _traces(course: Course, people: People, mail: pd.DataFrame, dice: Dice) -> pd.DataFrame:
    """Rows a tool writes when our mail is opened: no one's act."""
    if not course.company.mess.tracking_rows:
        return _entries(mail.iloc[:0], "trace")
    ours = mail[~mail["is_inbound"]]
    opened = ours[dice.uniform(ours.index.to_numpy(), "opened") < 0.12]
    after = opened["sec"] + dice.whole(opened.index.to_numpy(), "after", 300, 20_000)
    opened = opened.assign(sec=after, recorded=after)
    by = people.automation
    return _entries(opened, "trace", prefix="Opened: ", seller=by, by=by)


def _lead_emails(course: Course, people: People, dice: Dice) -> pd.DataFrame:
    """Mail before a lead became a deal, still filed under the lead."""
    d = course.deals
    deal = np.flatnonzero(people.lead != NEVER)
    key = np.concatenate([deal * 2, deal * 2 + 1])
    deal = np.concatenate([deal, deal])
    team = course.sellers.team[d["seller"][deal]]
    day = d["created"][deal] - 1 - key % 2
    sec = office(day, team, 10, 16, dice.uniform(key, "lead time"))
    is_reply = key % 2 == 0
    topic = dice.pick(key, "lead topic", words.TOPICS).astype(object)
    rows = pd.DataFrame(
        {
            "prefix": np.where(is_reply, "[Outreach] [Email] [In] ", "[Outreach] [Email] [Out] "),
            "subject": np.where(is_reply, "Re: " + topic, topic),
            "contact": NEVER,
            "number": NEVER,
            "account": NEVER,
            "on_account": False,
            "seller": d["seller"][deal],
            "sec": sec,
            "minutes": 0,
            "is_inbound": is_reply,
            "recorded": sec + 60,
        }
    )
    return _entries(rows, "lead_email", lead=people.lead[deal])


def _promises(course: Course, book: Book, people: People, dice: Dice) -> pd.DataFrame:
    """What buyers said they would do by a day: open tasks, closed when they did."""
    d = course.deals
    day, deal, due = course.log("promise")
    key = deal * 100_000 + due
    team = course.sellers.team[d["seller"][deal]]
    sec = office(day, team, 13, 16, dice.uniform(key, "promised"))
    rows = pd.DataFrame(
        {
            "prefix": "",
            "subject": dice.pick(key, "promise", words.PROMISES).astype(object),
            "contact": people.first_contact[deal],
            "number": book.number[deal],
            "account": d["account"][deal],
            "on_account": False,
            "seller": d["seller"][deal],
            "sec": due * DAY,
            "minutes": 0,
            "is_inbound": False,
            "recorded": np.maximum(sec, course.company.migrated_sec),
        }
    )
    made = _entries(rows, "promise", is_done=False, done=np.nan, _task=np.arange(day.size))
    kept_day, kept_deal, kept_due = course.log("kept")
    place = pd.Series(np.arange(day.size), index=key)
    at = place.reindex(kept_deal * 100_000 + kept_due).to_numpy()
    kept_team = course.sellers.team[d["seller"][kept_deal]]
    when = office(kept_day, kept_team, 9.5, 12, dice.uniform(kept_deal, "kept", kept_day))
    when = np.maximum(when, course.company.migrated_sec)
    kept = made.iloc[at].assign(is_done=True, done=when, since=when)
    return pd.concat([made, kept], ignore_index=True)


def _todos(course: Course, acts: pd.DataFrame, dice: Dice) -> pd.DataFrame:
    """Sellers' own lists; much of what they promise themselves is never done."""
    if not course.company.mess.commitments:
        return _entries(acts.iloc[:0], "todo")
    calls = acts[(acts["channel"] == CALL) & ~acts["is_inbound"]]
    key = calls.index.to_numpy()
    some = calls[dice.uniform(key, "todo") < 0.08]
    key = some.index.to_numpy()
    due = some["sec"] + DAY * dice.whole(key, "todo due", 3, 20)
    some = some.assign(
        sec=due, subject=dice.pick(key, "todo what", words.TODOS), recorded=some["sec"] + 900
    )
    number = 10_000_000 + np.arange(len(some))
    made = _entries(some, "todo", is_done=False, done=np.nan, _task=number)
    done = dice.uniform(key, "todo done") < 0.7
    when = due[done] - due[done] % DAY + 55_000
    done_rows = made[done].assign(is_done=True, done=when, since=when)
    return pd.concat([made, done_rows], ignore_index=True)


def _numbered(rows: pd.DataFrame, course: Course, dice: Dice) -> pd.DataFrame:
    """Numbers in order of creation; versions of one entry share one. A few are deleted later."""
    mess = course.company.mess
    order = np.lexsort((rows.index.to_numpy(), rows["since"], rows["created"]))
    rows = rows.iloc[order].reset_index(drop=True)
    own = np.where(rows["_task"] == -1, -2 - np.arange(len(rows)), rows["_task"])
    rows.insert(0, "number", pd.factorize(own)[0])
    key = rows.index.to_numpy()
    if mess.awkward_text:
        note = dice.uniform(key, "note") < 0.02
        rows.loc[note, "note"] = 'Said: "call me, but not before Friday"\nthen hung up, ok'
    if mess.deleted_rows:
        alone = (rows["_task"] == -1) & (rows["_mail"] == -1)
        gone = rows[alone & (dice.uniform(key, "deleted") < 0.006)]
        gone = gone.assign(is_deleted=True, since=gone["since"] + 2 * DAY)
        rows = pd.concat([rows, gone], ignore_index=True)
    return rows


def _mail(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "number": np.arange(len(rows)),
            "deal": rows["number"],
            "account": rows["account"],
            "contact": rows["contact"],
            "contact_email": rows["contact_email"],
            "seller": rows["seller"],
            "subject": rows["subject"],
            "is_inbound": rows["is_inbound"].astype(bool),
            "sec": rows["sec"],
            "created": rows["recorded"],
            "since": rows["recorded"],
        }
    )
