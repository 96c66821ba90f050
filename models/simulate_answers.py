"""Answers to MEDDPICC: fields that sellers fill as a buyer tells them more, and that may matter.

An answer is written down on a day on which the buyer gave a sign of life, the more likely the
further the deal has come and the keener the seller is on filling fields. Answers therefore rise
with the stage and with engagement, whether they do anything or not.
"""

import numpy as np
import pandas as pd

from models.simulate_course import Course
from models.simulate_deals import Book, office
from models.simulate_dice import Dice, Floats, Ints

# Each element, its field in a CRM, and the stage from which on it is usually known.
ELEMENTS = (
    ("metrics", "MEDDPICC_Metrics__c", 1),
    ("economic_buyer", "Economic_Buyer__c", 3),
    ("decision_criteria", "Decision_Criteria__c", 2),
    ("decision_process", "Decision_Process__c", 4),
    ("paper_process", "Paper_Process__c", 6),
    ("pain", "Identified_Pain__c", 0),
    ("champion", "Champion__c", 2),
    ("competition", "MEDDPICC_Competition__c", 3),
)
MATTERS = [name for name, *_ in ELEMENTS].index("economic_buyer")
USUAL, EARLY, HABIT = 0.13, 0.02, 0.4  # chance a day with a sign of life; spread of sellers


def fill(course: Course, day: int, rows: Ints) -> None:
    """Sellers of deals whose buyer showed life today write down what they have learned."""
    if not course.company.qualification or not rows.size:
        return
    d = course.deals
    keen = np.exp(HABIT * course.dice.normal(d["seller"][rows], "keen on fields"))
    drawn = course.chances(rows, tuple(f"answer {name}" for name, *_ in ELEMENTS), day)
    for place, (_, _, stage) in enumerate(ELEMENTS):
        chance = np.where(d["stage"][rows] >= stage, USUAL, EARLY) * keen
        is_new = (d["answers"][rows] >> place) % 2 == 0
        told = rows[is_new & (drawn[place] < chance)]
        d["answers"][told] += 1 << place
        course.note("answer", day, told, place)


def lift(course: Course, rows: Ints) -> Floats:
    """Log hazard ratio of deciding: what the one element that matters does once it is known."""
    known = (course.deals["answers"][rows] >> MATTERS) % 2 == 1
    found: Floats = course.company.framework_effect * known
    return found


def answers(course: Course, book: Book) -> pd.DataFrame:
    """One row an answer: number, deal, field, value, by, created, since."""
    day, deal, place = course.log("answer")
    dice = Dice(course.company.seed, "answers")
    seller = course.deals["seller"][deal]
    drawn = dice.uniform(deal * len(ELEMENTS) + place, "when", day)
    sec = office(day, course.sellers.team[seller], 16.5, 17.9, drawn)
    sec = np.maximum(sec, course.company.migrated_sec)
    fields = np.array([field for _, field, _ in ELEMENTS], dtype=object)
    rows = pd.DataFrame(
        {
            "deal": book.number[deal],
            "field": fields[place],
            "value": np.full(day.size, "Confirmed", dtype=object),
            "by": seller,
            "created": sec,
            "since": sec,
        }
    )
    rows = rows.sort_values(["created", "deal", "field"], kind="stable", ignore_index=True)
    rows.insert(0, "number", np.arange(len(rows)))
    return rows
