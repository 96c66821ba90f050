"""Meetings as versions: those with buyers, attendees' copies, a series that never ends."""

import numpy as np
import pandas as pd

from models.simulate_company import DAY
from models.simulate_course import NEVER, Course
from models.simulate_dice import Dice
from models.simulate_facts import People


def meetings(course: Course, people: People, held: pd.DataFrame) -> pd.DataFrame:
    """All meetings: `held` are those with buyers, held or not, among the acts."""
    mess, company = course.company.mess, course.company
    dice = Dice(company.seed, "events")
    booked = pd.DataFrame(
        {
            "contact": held["contact"],
            "deal": held["number"],
            "account": held["account"],
            "seller": held["seller"],
            "subject": held["subject"],
            "sec": held["sec"],
            "minutes": held["minutes"],
            "status": held["status"],
            "is_copy": False,
            "created": held["recorded"],
        }
    )
    parts = [booked]
    if mess.child_events:
        copied = booked[dice.uniform(booked.index.to_numpy(), "copied") < 0.12]
        parts.append(copied.assign(is_copy=True, seller=people.operations))
    if mess.recurring_events:
        week = np.arange(0, 7 * 90, 14)
        day = company.last_day - 60 - (company.last_day - 60 + 3) % 7 + week
        team_call = pd.DataFrame(
            {
                "contact": NEVER,
                "deal": NEVER,
                "account": NEVER,
                "seller": people.operations,
                "subject": "Team call",
                "sec": day * DAY + 54_000,
                "minutes": 30,
                "status": "",
                "is_copy": False,
                "created": (company.last_day - 70) * DAY + 50_000,
            }
        )
        parts.append(team_call)
    rows = pd.concat(parts, ignore_index=True).sort_values(
        ["created", "sec", "is_copy"], kind="stable", ignore_index=True
    )
    rows.insert(0, "number", np.arange(len(rows)))
    first = rows.assign(status="", since=rows["created"])
    # Held and missed are known when it is over; a meeting is called off before.
    off = rows["status"] == "Canceled"
    when = np.where(off, (rows["created"] + rows["sec"]) // 2, rows["sec"] + 60 * rows["minutes"])
    after = rows.assign(since=np.maximum(when, rows["created"]))
    return pd.concat([first, after[rows["status"] != ""]], ignore_index=True)
