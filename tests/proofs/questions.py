"""The other questions: each asked of companies with something to find, and of ones with nothing.

A question stands in a module of its own, `question_<name>.py`, as `QUESTION`. Its companies go from
the simulator's facts to the marts that the question's page shows, in memory.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from models.simulate import History, scenario, simulate
from pipelines.warehouse import in_memory
from tests.proofs import direct, judging, trials

FINDS, SHOWS_NOTHING = 0.80, 0.90
SAID = {"something": "its page finds it", "nothing": "its page finds nothing"}
Row = dict[str, Any]


@dataclass(frozen=True)
class Question:
    """One question and how it is asked of a company.

    `something` and `nothing` name scenarios of models.simulate. `ask` reads a warehouse that holds
    the common shape of a company, builds what the page shows, and says whether the page `found`
    something: True, False, or None where it said that the data cannot answer; beside it any numbers
    worth keeping.
    """

    name: str
    something: str
    nothing: str
    ask: Callable[[duckdb.DuckDBPyConnection, History], Row]
    deals: int = trials.DEALS_EACH

    @property
    def sides(self) -> Mapping[str, str]:
        """The scenario of each of the two companies."""
        return {"something": self.something, "nothing": self.nothing}


def questions() -> dict[str, Question]:
    """All questions by name."""
    here = Path(__file__).parent
    names = sorted(path.stem for path in here.glob("question_*.py"))
    found = [import_module(f"{__package__}.{name}").QUESTION for name in names]
    return {question.name: question for question in found}


def names() -> list[str]:
    """What is to be run: `<question>/<side>`."""
    return [f"{name}/{side}" for name, each in questions().items() for side in each.sides]


def trial(name: str, place: int) -> Row:
    """One company of one side of a question."""
    question, side = name.split("/")
    asked = questions()[question]
    told = scenario(asked.sides[side])
    size = None if "deals" in told.settings else asked.deals
    seed = trials.company_seed(told.name, place)
    history = simulate(told.company(seed, size, tidy=True), 1)
    with in_memory() as con:
        con.execute("set threads = 1")
        direct.load(con, direct.shaped(history.facts))
        return dict(asked.ask(con, history))


def table(companies: Sequence[judging.Company], judge: judging.Judge) -> pd.DataFrame:
    """Two rows a question: how often it finds what is there, and nothing where nothing is."""
    rows = []
    for name, question in questions().items():
        for side, of in question.sides.items():
            group = [each for each in companies if each["scenario"] == f"{name}/{side}"]
            if not group:
                continue
            answered = [each for each in group if each["found"] is not None]
            hits = sum(each["found"] is (side == "something") for each in answered)
            # Where there is nothing, not to answer is no false find.
            hits += (len(group) - len(answered)) * (side == "nothing")
            least = FINDS if side == "something" else SHOWS_NOTHING
            passed = judge.share(hits, len(group), least)
            row: dict[str, Any] = dict.fromkeys(judging.COLUMNS)
            row |= {"number": 7, "scenario": of, "path": "questions", "outcome": SAID[side]}
            row |= {"contrast": name, "method": "check", "asked": f"{least:.2f}"}
            row |= {"companies": len(group), "answered": len(answered), "truth": hits / len(group)}
            row |= {"passed": "pass" if passed else "fail", "why": "", "estimand": ""}
            rows.append(row)
    return pd.DataFrame(rows, columns=list(judging.COLUMNS))
