"""Tasks, events and e-mails as versions of Salesforce records, with all their litter."""

from typing import Any

import numpy as np
import pandas as pd

from models import simulate_words as words
from models.simulate_acts import CALL, EMAIL, MEETING, TOOL_EMAIL
from models.simulate_company import DAY
from models.simulate_course import Course
from models.simulate_deals import Book, office
from models.simulate_dice import Dice
from models.simulate_events import events
from models.simulate_people import People
from models.simulate_salesforce import ids

TASK_COLUMNS = (
    "Id",
    "WhoId",
    "WhatId",
    "Subject",
    "ActivityDate",
    "Status",
    "OwnerId",
    "Type",
    "Description",
    "IsDeleted",
    "AccountId",
    "IsClosed",
    "CreatedDate",
    "CreatedById",
    "LastModifiedDate",
    "CallDurationInSeconds",
    "CallType",
    "TaskSubtype",
    "CompletedDateTime",
    "IsRecurrence",
    "_sec",
)


def activities(
    course: Course, book: Book, people: People, acts: pd.DataFrame
) -> dict[str, pd.DataFrame]:
    """Task, Event and EmailMessage."""
    dice = Dice(course.company.seed, "activities")
    acts = _with_ids(book, people, acts)
    mail = acts[acts["channel"] == EMAIL].reset_index(drop=True)
    twins = _twins(mail) if course.company.mess.twin_tasks else mail.iloc[:0]
    plain = _plain_tasks(acts[acts["channel"].isin([TOOL_EMAIL, CALL])])
    tasks = pd.concat(
        [
            plain,
            twins,
            _tracking(course, people, mail, dice),
            _lead_tasks(course, book, people, dice),
            _promises(course, book, people, dice),
            _todos(course, acts, dice),
        ],
        ignore_index=True,
    )
    tasks = _numbered(tasks, course, dice)
    twin_id = tasks.drop_duplicates("_mail").set_index("_mail")["Id"]
    emails = _emails(people, mail)
    emails["ActivityId"] = twin_id.reindex(np.arange(len(mail))).to_numpy()
    return {
        "Task": tasks[list(TASK_COLUMNS)],
        "Event": events(course, people, acts[acts["channel"] == MEETING]),
        "EmailMessage": emails,
    }


def _with_ids(book: Book, people: People, acts: pd.DataFrame) -> pd.DataFrame:
    deals = book.opportunities.iloc[acts["number"]]
    contact = people.contacts.iloc[acts["contact"]]
    what = ids("Opportunity", acts["number"].to_numpy()).to_numpy()
    account = people.account.iloc[deals["account"]].to_numpy()
    return acts.assign(
        WhoId=contact["Id"].to_numpy(),
        contact_email=contact["Email"].to_numpy(),
        WhatId=np.where(acts["on_account"], account, what),
        AccountId=account,
        seller=deals["seller"].to_numpy(),
        OwnerId=people.seller.iloc[deals["seller"]].to_numpy(),
    )


def _tasks(rows: pd.DataFrame, **values: Any) -> pd.DataFrame:
    """Completed tasks as most are; `values` replace what is different."""
    return pd.DataFrame(
        {
            "WhoId": rows["WhoId"],
            "WhatId": rows["WhatId"],
            "Subject": rows["subject"],
            "ActivityDate": rows["sec"] // DAY,
            "Status": "Completed",
            "OwnerId": rows["OwnerId"],
            "Type": None,
            "Description": None,
            "IsDeleted": False,
            "AccountId": rows["AccountId"],
            "IsClosed": True,
            "CreatedDate": rows["recorded"],
            "CreatedById": rows["OwnerId"],
            "LastModifiedDate": rows["recorded"],
            "CallDurationInSeconds": np.nan,
            "CallType": None,
            "TaskSubtype": "Task",
            "CompletedDateTime": rows["recorded"],
            "IsRecurrence": False,
            "_sec": rows["recorded"],
            "_mail": -1,
            "_task": -1,
        }
    ).assign(**values)


def _plain_tasks(rows: pd.DataFrame) -> pd.DataFrame:
    is_call = rows["channel"] == CALL
    return _tasks(
        rows,
        Type=np.where(is_call, "Call", "Email"),
        TaskSubtype=np.where(is_call, "Call", "Task"),
        CallType=pd.Series("Outbound", rows.index)
        .mask(rows["is_inbound"], "Inbound")
        .where(is_call),
        CallDurationInSeconds=(60.0 * rows["minutes"]).where(is_call),
    )


def _twins(mail: pd.DataFrame) -> pd.DataFrame:
    return _tasks(
        mail,
        Subject="Email: " + mail["subject"],
        Type="Email",
        TaskSubtype="Email",
        _mail=np.arange(len(mail)),
    )


def _tracking(course: Course, people: People, mail: pd.DataFrame, dice: Dice) -> pd.DataFrame:
    """Rows a tool writes when our mail is opened: no one's act."""
    if not course.company.mess.tracking_rows:
        return _tasks(mail.iloc[:0])
    ours = mail[~mail["is_inbound"]]
    opened = ours[dice.uniform(ours.index.to_numpy(), "opened") < 0.12]
    after = opened["sec"] + dice.whole(opened.index.to_numpy(), "after", 300, 20_000)
    opened = opened.assign(sec=after, recorded=after)
    return _tasks(
        opened,
        Subject="Opened: " + opened["subject"],
        Type="Email",
        OwnerId=people.automation,
        CreatedById=people.automation,
    )


def _lead_tasks(course: Course, book: Book, people: People, dice: Dice) -> pd.DataFrame:
    """Mail and calls before a lead became a deal, still filed under the lead."""
    d = course.deals
    deal = np.flatnonzero(people.lead.notna())
    key = np.concatenate([deal * 2, deal * 2 + 1])
    deal = np.concatenate([deal, deal])
    team = course.sellers.team[d["seller"][deal]]
    day = d["created"][deal] - 1 - key % 2
    sec = office(day, team, 10, 16, dice.uniform(key, "lead time"))
    is_reply = key % 2 == 0
    topic = dice.pick(key, "lead topic", words.TOPICS).astype(object)
    prefix = np.where(is_reply, "[Outreach] [Email] [In] Re: ", "[Outreach] [Email] [Out] ")
    rows = pd.DataFrame(
        {
            "WhoId": people.lead.iloc[deal].to_numpy(),
            "WhatId": None,
            "subject": prefix + topic,
            "sec": sec,
            "recorded": sec + 60,
            "OwnerId": people.seller.iloc[d["seller"][deal]].to_numpy(),
            "AccountId": None,
        }
    )
    return _tasks(rows, Type="Email")


def _promises(course: Course, book: Book, people: People, dice: Dice) -> pd.DataFrame:
    """What buyers said they would do by a day: open tasks, closed when they did."""
    d = course.deals
    day, deal, due = course.log("promise")
    key = deal * 100_000 + due
    team = course.sellers.team[d["seller"][deal]]
    sec = office(day, team, 13, 16, dice.uniform(key, "promised"))
    number = book.number[deal]
    rows = pd.DataFrame(
        {
            "WhoId": people.contacts["Id"].iloc[people.first_contact[deal]].to_numpy(),
            "WhatId": ids("Opportunity", number).to_numpy(),
            "subject": dice.pick(key, "promise", words.PROMISES).astype(object),
            "sec": due * DAY,
            "recorded": sec,
            "OwnerId": people.seller.iloc[d["seller"][deal]].to_numpy(),
            "AccountId": people.account.iloc[d["account"][deal]].to_numpy(),
        }
    )
    made = _tasks(
        rows,
        Status="Not Started",
        IsClosed=False,
        CompletedDateTime=np.nan,
        _task=np.arange(day.size),
    )
    kept_day, kept_deal, kept_due = course.log("kept")
    place = pd.Series(np.arange(day.size), index=key)
    at = place.reindex(kept_deal * 100_000 + kept_due).to_numpy()
    kept_team = course.sellers.team[d["seller"][kept_deal]]
    when = office(kept_day, kept_team, 9.5, 12, dice.uniform(kept_deal, "kept", kept_day))
    kept = made.iloc[at].assign(
        Status="Completed", IsClosed=True, CompletedDateTime=when, _sec=when
    )
    return pd.concat([made, kept], ignore_index=True)


def _todos(course: Course, acts: pd.DataFrame, dice: Dice) -> pd.DataFrame:
    """Sellers' own lists; much of what they promise themselves is never done."""
    if not course.company.mess.commitments:
        return _tasks(acts.iloc[:0])
    calls = acts[(acts["channel"] == CALL) & ~acts["is_inbound"]]
    key = calls.index.to_numpy()
    some = calls[dice.uniform(key, "todo") < 0.08]
    key = some.index.to_numpy()
    due = some["sec"] + DAY * dice.whole(key, "todo due", 3, 20)
    some = some.assign(
        sec=due, subject=dice.pick(key, "todo what", words.TODOS), recorded=some["sec"] + 900
    )
    made = _tasks(
        some,
        Status="Not Started",
        IsClosed=False,
        CompletedDateTime=np.nan,
        _task=10_000_000 + np.arange(len(some)),
    )
    done = dice.uniform(key, "todo done") < 0.7
    when = due[done] - due[done] % DAY + 55_000
    done_rows = made[done].assign(
        Status="Completed", IsClosed=True, CompletedDateTime=when, _sec=when
    )
    return pd.concat([made, done_rows], ignore_index=True)


def _numbered(tasks: pd.DataFrame, course: Course, dice: Dice) -> pd.DataFrame:
    """Ids in order of creation; versions of one task share one. A few tasks are deleted later."""
    mess = course.company.mess
    order = np.lexsort((tasks.index.to_numpy(), tasks["_sec"], tasks["CreatedDate"]))
    tasks = tasks.iloc[order].reset_index(drop=True)
    own = np.where(tasks["_task"] == -1, -2 - np.arange(len(tasks)), tasks["_task"])
    tasks["Id"] = ids("Task", pd.factorize(own)[0])
    key = tasks.index.to_numpy()
    if mess.awkward_text:
        note = dice.uniform(key, "note") < 0.02
        tasks.loc[note, "Description"] = 'Said: "call me, but not before Friday"\nthen hung up, ok'
    if mess.deleted_rows:
        alone = (tasks["_task"] == -1) & (tasks["_mail"] == -1)
        gone = tasks[alone & (dice.uniform(key, "deleted") < 0.006)]
        gone = gone.assign(IsDeleted=True, _sec=gone["_sec"] + 2 * DAY)
        tasks = pd.concat([tasks, gone], ignore_index=True)
    return tasks


def _emails(people: People, mail: pd.DataFrame) -> pd.DataFrame:
    sender = people.seller_email.iloc[mail["seller"]].to_numpy()
    other = mail["contact_email"]
    incoming = mail["is_inbound"].astype(bool)
    return pd.DataFrame(
        {
            "Id": ids("EmailMessage", np.arange(len(mail))),
            "ActivityId": None,
            "RelatedToId": mail["WhatId"],
            "FromAddress": np.where(incoming, other, sender),
            "ToAddress": np.where(incoming, sender, other),
            "Subject": mail["subject"],
            "Incoming": incoming,
            "Status": np.where(incoming, "1", "3"),
            "MessageDate": mail["sec"],
            "IsDeleted": False,
            "IsBounced": False,
            "AutomationType": None,
            "HasAttachment": False,
            "CreatedDate": mail["recorded"],
            "CreatedById": mail["OwnerId"],
            "_sec": mail["recorded"],
        }
    )
