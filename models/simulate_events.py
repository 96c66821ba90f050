"""Events as versions of Salesforce records: meetings, attendees' copies, series that never end."""

import numpy as np
import pandas as pd

from models.simulate_company import DAY
from models.simulate_course import Course
from models.simulate_dice import Dice
from models.simulate_people import People
from models.simulate_salesforce import ids


def events(course: Course, people: People, held: pd.DataFrame) -> pd.DataFrame:
    """All events: `held` are the meetings, held or not, among the acts."""
    mess, company = course.company.mess, course.company
    dice = Dice(company.seed, "events")
    booked = pd.DataFrame(
        {
            "WhoId": held["WhoId"],
            "WhatId": held["WhatId"],
            "Subject": held["subject"],
            "sec": held["sec"],
            "minutes": held["minutes"],
            "status": held["status"],
            "AccountId": held["AccountId"],
            "OwnerId": held["OwnerId"],
            "created": held["recorded"],
            "IsChild": False,
        }
    )
    parts = [booked]
    if mess.child_events:
        copied = booked[dice.uniform(booked.index.to_numpy(), "copied") < 0.12]
        parts.append(copied.assign(IsChild=True, OwnerId=people.operations))
    if mess.recurring_events:
        week = np.arange(0, 7 * 90, 14)
        day = company.last_day - 60 - (company.last_day - 60 + 3) % 7 + week
        team_call = (
            booked.iloc[:0]
            .reindex(np.arange(week.size))
            .assign(
                Subject="Team call",
                sec=day * DAY + 54_000,
                minutes=30,
                status="",
                OwnerId=people.operations,
                created=(company.last_day - 70) * DAY + 50_000,
                IsChild=False,
                WhoId=None,
                WhatId=None,
                AccountId=None,
            )
        )
        parts.append(team_call)
    rows = pd.concat(parts, ignore_index=True).sort_values(
        ["created", "sec", "IsChild"], kind="stable", ignore_index=True
    )
    rows[["sec", "created", "minutes"]] = rows[["sec", "created", "minutes"]].astype(np.int64)
    versions = pd.DataFrame(
        {
            "Id": ids("Event", np.arange(len(rows))),
            "WhoId": rows["WhoId"],
            "WhatId": rows["WhatId"],
            "Subject": rows["Subject"],
            "IsAllDayEvent": False,
            "ActivityDateTime": rows["sec"],
            "ActivityDate": rows["sec"] // DAY,
            "DurationInMinutes": rows["minutes"],
            "StartDateTime": rows["sec"],
            "EndDateTime": rows["sec"] + 60 * rows["minutes"],
            "AccountId": rows["AccountId"],
            "OwnerId": rows["OwnerId"],
            "Type": "Meeting",
            "IsChild": rows["IsChild"].astype(bool),
            "IsDeleted": False,
            "CreatedDate": rows["created"],
            "CreatedById": rows["OwnerId"],
            "LastModifiedDate": rows["created"],
            "Meeting_Status__c": None,
            "_sec": rows["created"],
        }
    )
    # Held and missed are known when it is over; a meeting is called off before.
    said = rows["status"] != ""
    off = rows["status"] == "Canceled"
    when = np.where(off, (rows["created"] + rows["sec"]) // 2, rows["sec"] + 60 * rows["minutes"])
    after = versions.assign(
        Meeting_Status__c=rows["status"], _sec=np.maximum(when, rows["created"])
    )
    return pd.concat([versions, after[said]], ignore_index=True)
