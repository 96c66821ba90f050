"""Proof on simulated companies: `python -m tests.proofs.prove [--path direct|whole] ...`.

Runs companies of every scenario on the cores there are, keeps one line for each that is finished,
and goes on where it was stopped. What was kept under other code is not counted: the folder's name
is a hash of the modules and queries that the numbers come from.
"""

import argparse
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
from tests.proofs import direct, judging, trials

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "proofs"
PUBLISHED = ROOT / "reports" / "example" / "proof"
COMPANIES = {"direct": 100, "whole": 3}
NOT_ASKED = ("sample", "all_litter")
TRIALS = {"direct": trials.direct_trial, "whole": trials.whole_trial}
Task = tuple[str, str, int]


def code() -> str:
    """A hash of everything that the numbers come from."""
    import models.comparison
    import models.simulate
    import models.stall  # noqa: F401

    names = sorted(name for name in sys.modules if name.startswith("models."))
    files = [Path(str(sys.modules[name].__file__)) for name in names]
    files += [Path(compare.__file__)]
    files += [ROOT / "tests" / "proofs" / f"{name}.py" for name in ("direct", "segments", "trials")]
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    for query in direct.needed((*compare.READS, "features.snapshots")):
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
    place = work / code() / f"{path}.jsonl"
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
    return [each for each in kept(place) if each["scenario"] in names and each["place"] < companies]


def adopt(path: str, old: str, work: Path, processes: int) -> None:
    """Take over companies of other code, of each scenario whose first comes out the same."""
    now = work / code() / f"{path}.jsonl"
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


def chosen(wanted: str | None) -> list[str]:
    """Scenarios by number or name, all of those with rules by default."""
    if wanted is None:
        return [name for name in SCENARIOS if name not in NOT_ASKED]
    words = {word.strip() for word in wanted.split(",")}
    found = [name for name, each in SCENARIOS.items() if name in words or str(each.number) in words]
    unknown = words - set(found) - {str(SCENARIOS[name].number) for name in found}
    if unknown:
        raise SystemExit(f"no scenario {', '.join(sorted(unknown))}; see models.simulate.SCENARIOS")
    return found


def publish(found: dict[str, list[Any]], folder: Path, command: str) -> pd.DataFrame:
    """Write the table, as csv and as a page."""
    rows = pd.concat(
        [judging.table(companies, path, judging.Judge()) for path, companies in found.items()],
        ignore_index=True,
    )
    folder.mkdir(parents=True, exist_ok=True)
    rows.to_csv(folder / "proof.csv", index=False, float_format="%.6g", lineterminator="\n")
    heading = (
        f"# Estimates against simulated companies whose truth is known\n\nMade by `{command}` "
        f"(code {code()}). What each scenario is, what is asked and what is not modelled: "
        "`tests/proofs/README.md`. `truth`, `bias` and `mc_error` are shares of deals whose "
        "account is won by day 180; for revenue and hours they are not asked for anything."
    )
    (folder / "proof.md").write_text(judging.markdown(rows, heading), encoding="utf-8")
    return rows


def main() -> int:
    """The command."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--path", choices=(*TRIALS, "both"), default="both")
    words.add_argument("--companies", type=int, help="of each scenario (direct 100, whole 3)")
    words.add_argument("--scenarios", help="numbers or names, with commas between")
    words.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    words.add_argument("--work", type=Path, default=WORK, help="where finished companies are kept")
    words.add_argument("--to", type=Path, default=PUBLISHED, help="where the table is written")
    words.add_argument("--table", action="store_true", help="only judge what is kept")
    words.add_argument("--adopt", metavar="CODE", help="take over what other code was seen to say")
    asked = words.parse_args()
    names = chosen(asked.scenarios)
    found: dict[str, list[Any]] = {}
    for path in TRIALS if asked.path == "both" else (asked.path,):
        if asked.adopt:
            adopt(path, asked.adopt, asked.work, asked.processes)
        if asked.table:
            found[path] = kept(asked.work / code() / f"{path}.jsonl")
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
