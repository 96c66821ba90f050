"""Proof on simulated companies: `python -m tests.proofs.prove [--path direct|whole|questions]`.

Runs companies of every scenario on the cores there are, keeps one line for each that is finished,
and goes on where it was stopped. What was kept under other code is not counted: the folder's name
is a hash of the modules and queries that the numbers come from.
"""

import argparse
import ast
import hashlib
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import pandas as pd

from models.simulate import SCENARIOS
from pipelines import compare
from pipelines.tables import queries
from tests.proofs import direct, judging, questions, trials

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "proofs"
PUBLISHED = ROOT / "reports" / "example" / "proof"
COMPANIES = {"direct": 100, "whole": 3, "questions": 20}
TRIALS = {
    "direct": trials.direct_trial,
    "whole": trials.whole_trial,
    "questions": questions.trial,
}
Task = tuple[str, str, int]


def read_by(modules: Sequence[str]) -> list[Path]:
    """The files of these modules and of all of `models` that they import, directly or not."""
    waiting, found = list(modules), {}
    while waiting:
        name = waiting.pop()
        path = ROOT / f"{name.replace('.', '/')}.py"
        if name in found or not path.exists():
            continue
        found[name] = path
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and str(node.module).partition(".")[0] == "models":
                waiting += [str(node.module), *(f"{node.module}.{n.name}" for n in node.names)]
    return [found[name] for name in sorted(found)]


def code(path: str) -> str:
    """A hash of everything that the numbers of a path come from."""
    proofs = ("direct", "segments", "trials")
    modules = ["models.comparison", "models.simulate", "models.stall", "pipelines.compare"]
    tables = [*compare.READS, "features.snapshots"]
    if path == "questions":
        asked = sorted(each.stem for each in (ROOT / "tests" / "proofs").glob("question_*.py"))
        modules += sorted(f"pipelines.{each.removeprefix('question_')}" for each in asked)
        tables += list(queries())
        proofs = (*proofs, "questions", *asked)
    files = read_by([*modules, *(f"tests.proofs.{name}" for name in proofs)])
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    for query in direct.needed(sorted(set(tables))):
        digest.update(query.sql.encode())
    return digest.hexdigest()[:12]


def kept(place: Path) -> list[dict[str, Any]]:
    """The companies that are finished; a line that was cut off is not."""
    if not place.exists():
        return []
    found = []
    for line in place.read_text(encoding="utf-8").splitlines():
        try:
            found.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return found


def tasks(path: str, names: Sequence[str], companies: int, done: Sequence[Any]) -> list[Task]:
    """What is still to be done, company by company over all scenarios."""
    finished = {(each["scenario"], each["place"]) for each in done}
    return [
        (path, name, place)
        for place in range(companies)
        for name in names
        if (name, place) not in finished
    ]


def one(task: Task) -> dict[str, Any]:
    """Run one company."""
    path, name, place = task
    return {"scenario": name, "place": place, **TRIALS[path](name, place)}


def run(path: str, names: Sequence[str], companies: int, processes: int, work: Path) -> list[Any]:
    """Finish what is to be done, and give all companies of these scenarios."""
    place = work / code(path) / f"{path}.jsonl"
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.exists() and not place.read_bytes().endswith(b"\n"):
        # A line that was cut off must not run into the next.
        with place.open("a", encoding="utf-8") as lines:
            lines.write("\n")
    waiting = tasks(path, names, companies, kept(place))
    print(f"{path}: {len(waiting)} companies to run, kept in {place}", flush=True)
    with ProcessPoolExecutor(processes) as pool, place.open("a", encoding="utf-8") as lines:
        running = {pool.submit(one, task): task for task in waiting}
        for count, future in enumerate(as_completed(running), start=1):
            lines.write(json.dumps(future.result(), ensure_ascii=False) + "\n")
            lines.flush()
            if count % 20 == 0:
                print(f"  {count} of {len(waiting)}", flush=True)
    done = of_these(kept(place), names)
    return [each for each in done if each["place"] < companies]


def of_these(companies: Sequence[Any], names: Sequence[str]) -> list[Any]:
    """The companies of these scenarios."""
    return [each for each in companies if each["scenario"] in names]


def adopt(path: str, old: str, work: Path, processes: int) -> None:
    """Take over companies of other code, of each scenario whose first comes out the same."""
    now = work / code(path) / f"{path}.jsonl"
    told = {(each["scenario"], each["place"]): each for each in kept(work / old / f"{path}.jsonl")}
    here = {(each["scenario"], each["place"]) for each in kept(now)}
    names = sorted(name for name, place in told if place == 0 and (name, 0) not in here)
    now.parent.mkdir(parents=True, exist_ok=True)
    with ProcessPoolExecutor(processes) as pool, now.open("a", encoding="utf-8") as lines:
        for name, found in zip(
            names, pool.map(one, [(path, name, 0) for name in names]), strict=True
        ):
            again = json.loads(json.dumps(found, ensure_ascii=False))
            is_same = again | {"seconds": 0} == told[name, 0] | {"seconds": 0}
            print(f"{path}: {name} {'adopted' if is_same else 'comes out otherwise'}", flush=True)
            taken = [each for (of, _), each in told.items() if of == name] if is_same else [again]
            lines.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in taken)


def chosen(wanted: str | None, path: str) -> list[str]:
    """Scenarios by number or name, or questions by name; by default all that have rules."""
    known = {name: {name, str(each.number)} for name, each in SCENARIOS.items() if each.number}
    if path == "questions":
        known = {name: {name, name.partition("/")[0]} for name in questions.names()}
    if wanted is None:
        return list(known)
    words = {word.strip() for word in wanted.split(",")}
    unknown = words - {word for own in known.values() for word in own}
    if unknown:
        raise SystemExit(f"{path}: no {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [name for name, own in known.items() if own & words]


def judged(companies: list[Any], path: str) -> pd.DataFrame:
    """The rows of a path in the table."""
    if path == "questions":
        return questions.table(companies, judging.Judge())
    return judging.table(companies, path, judging.Judge())


def publish(found: dict[str, list[Any]], folder: Path, command: str) -> pd.DataFrame:
    """Write the table, as csv and as a page."""
    rows = pd.concat(
        [judged(companies, path) for path, companies in found.items()],
        ignore_index=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "proof.csv", index=False, float_format="%.6g", lineterminator="\n")
    heading = (
        f"# Estimates against simulated companies whose truth is known\n\nMade by `{command}` "
        f"(code {', '.join(map(code, found))}). What each scenario is, what is asked and what is "
        "not modelled: `tests/proofs/README.md`. `truth`, `bias` and `mc_error` are shares of "
        "deals whose account is won by day 180; nothing is asked of revenue and hours."
    )
    (folder / "proof.md").write_text(judging.markdown(rows, heading), encoding="utf-8")
    return rows


def main() -> int:
    """The command."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--path", choices=(*TRIALS, "all"), default="all")
    words.add_argument("--companies", type=int, help="of each (direct 100, whole 3, questions 20)")
    words.add_argument("--scenarios", help="numbers or names, or questions, with commas")
    words.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    words.add_argument("--work", type=Path, default=WORK, help="where finished companies are kept")
    words.add_argument("--to", type=Path, default=PUBLISHED, help="where the table is written")
    words.add_argument("--table", action="store_true", help="only judge what is kept")
    words.add_argument("--adopt", metavar="CODE", help="take over what other code was seen to say")
    asked = words.parse_args()
    found: dict[str, list[Any]] = {}
    for path in TRIALS if asked.path == "all" else (asked.path,):
        names = chosen(asked.scenarios, path)
        if asked.adopt:
            adopt(path, asked.adopt, asked.work, asked.processes)
        if asked.table:
            found[path] = of_these(kept(asked.work / code(path) / f"{path}.jsonl"), names)
        else:
            many = asked.companies or COMPANIES[path]
            found[path] = run(path, names, many, asked.processes, asked.work)
    found = {path: companies for path, companies in found.items() if companies}
    if not found:
        raise SystemExit("nothing is kept for this code yet")
    command = " ".join(["python -m tests.proofs.prove", *sys.argv[1:]])
    rows = publish(found, asked.to, command)
    failing = rows[rows["passed"] == "fail"]
    print(f"{(rows['passed'] == 'pass').sum()} rows pass, {len(failing)} fail; see {asked.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
