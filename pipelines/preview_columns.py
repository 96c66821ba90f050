"""Which kind of export an unknown file is nearest to, and which of its columns could be which."""

import csv
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import lru_cache
from pathlib import Path

from pipelines.contracts import Column, Object, header_key

LABELS = "column_labels.csv"
# From here on two headers are called alike; from there on even one that no file needs.
ALIKE = 0.75
SURE = 0.9
# What stands in many headers and tells nothing.
FILLERS = frozenset(
    ("deal", "opportunity", "opp", "sales", "current", "name", "record", "field", "the", "of", "c")
)
DATE = re.compile(
    r"\d{4}[-./년] ?\d{1,2}([-./월]|$)|\d{1,2}[-./ ]([a-z]{3,9}|\d{1,2})[-./ ,]+\d{2,4}"
    r"|[a-z]{3,9} \d{1,2}, \d{4}|\d{8}$|\d{10}(\d{3})?$",
    re.IGNORECASE,
)
NUMBER = re.compile(r"[^\d]{0,4}[-(]?\d[\d.,' ]*[^\d]{0,4}")
TRUTH = frozenset(
    (
        *("true", "false", "yes", "no", "y", "n", "t", "f", "0", "1", "예", "아니요"),
        *("ja", "nein", "oui", "non", "si", "sí", "はい", "いいえ"),
    )
)
LEAST_FITTING = 0.7
LONGEST_CHOICE = 60


@dataclass(frozen=True)
class Match:
    """A header that may be a column: how alike they are, to which known header, what it holds."""

    column: Column
    header: str
    score: float
    like: str
    examples: tuple[str, ...]


@dataclass(frozen=True)
class Near:
    """The kind of export that a header comes nearest to, what it lacks and what may stand for it.

    `lacking` are entries of its fingerprint (`a|b`: either) and columns that every line needs;
    `more` may stand for columns that it can do without.
    """

    thing: Object
    found: int
    lacking: tuple[str, ...]
    matches: Mapping[str, Match]
    is_named: bool
    more: tuple[Match, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether the file could be read with the columns proposed."""
        return bool(self.lacking) and all(entry in self.matches for entry in self.lacking)


@lru_cache(maxsize=4)
def labels(folder: Path) -> Mapping[str, tuple[str, ...]]:
    """What usual headers of several languages mean, from the rules: header to meanings."""
    found: dict[str, list[str]] = {}
    with (folder / LABELS).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(header_key(row["label"]), []).append(row["means"])
    return {label: tuple(means) for label, means in found.items()}


@lru_cache(maxsize=65536)
def words(header: str) -> tuple[str, ...]:
    """A header as words in lower case: `SalesPhase__c` is sales, phase."""
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", unicodedata.normalize("NFKC", header))
    every = tuple(re.findall(r"[^\W_]+", text.lower()))
    kept = tuple(word for word in every if word not in FILLERS)
    return kept or every


@lru_cache(maxsize=262144)
def alike(one: str, other: str) -> float:
    """How alike two headers are, from 0 to 1: by their words, or by their letters."""
    first, second = words(one), words(other)
    if not first or not second:
        return 0.0
    shared = 2 * len(set(first) & set(second)) / (len(set(first)) + len(set(second)))
    letters = SequenceMatcher(None, " ".join(first), " ".join(second))
    least = ALIKE if len("".join(first)) > 3 else 1.0
    by_letters = letters.ratio() if letters.quick_ratio() >= least else 0.0
    return max(shared, by_letters if by_letters >= least else 0.0)


def meanings(header: str, known: Mapping[str, Sequence[str]]) -> list[str]:
    """The header itself, and what the labels say that it means, whole or without its fillers."""
    key = header_key(header)
    return [
        header,
        *known.get(key, ()),
        *(known.get(" ".join(words(header)), ()) if " ".join(words(header)) != key else ()),
    ]


def holds(kind: str, cells: Sequence[str]) -> bool:
    """Whether cells look like a type of column; nothing speaks against a column without any."""
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not filled:
        return True
    looks: dict[str, Callable[[str], bool]] = {
        "date": lambda cell: DATE.match(cell) is not None,
        "datetime": lambda cell: DATE.match(cell) is not None,
        "number": lambda cell: NUMBER.fullmatch(cell) is not None,
        "boolean": lambda cell: cell.lower() in TRUTH,
        "choice": lambda cell: len(cell) <= LONGEST_CHOICE and DATE.match(cell) is None,
    }
    test = looks.get(kind)
    return test is None or sum(map(test, filled)) >= LEAST_FITTING * len(filled)


def _best(
    entry: str,
    columns: Mapping[str, Column],
    unread: Mapping[int, str],
    cells: Mapping[int, Sequence[str]],
    known: Mapping[str, Sequence[str]],
    least: float = ALIKE,
) -> tuple[int, Match] | None:
    best: tuple[int, Match] | None = None
    for name in entry.split("|"):
        column = columns[name]
        for place, header in unread.items():
            texts = meanings(header, known)
            score, like = max((alike(text, key), key) for text in texts for key in column.headers)
            if score < least or (best is not None and score <= best[1].score):
                continue
            if holds(column.type, cells[place]):
                shown = tuple(dict.fromkeys(cell.strip() for cell in cells[place] if cell.strip()))
                best = place, Match(column, header, score, like, shown[:3])
    return best


def near(
    thing: Object,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    file_name: str,
    known: Mapping[str, Sequence[str]],
    *,
    is_whole: bool = True,
) -> Near:
    """How near a header comes to one kind of export; `is_whole` looks beyond what it needs."""
    places = thing.places(header)
    taken = {n for at in places.values() for n in at}
    unread = {n: head for n, head in enumerate(header) if n not in taken and head.strip()}
    cells = {n: [row[n] if n < len(row) else "" for row in rows] for n in unread}
    columns = {column.name: column for column in thing.columns}
    told = {name for entry in thing.fingerprint for name in entry.split("|")}
    needed = [
        *sorted(thing.fingerprint),
        *(c.name for c in thing.columns if c.is_required and c.name not in told),
    ]
    lacking = [entry for entry in needed if places.keys().isdisjoint(entry.split("|"))]
    matches: dict[str, Match] = {}
    for entry in lacking:
        found = _best(entry, columns, unread, cells, known)
        if found is not None:
            matches[entry] = found[1]
            del unread[found[0]]
    more = []
    taken_by = {match.column.name for match in matches.values()}
    wanted = [name for name in columns if name not in places and name not in taken_by]
    for name in wanted if is_whole else ():
        found = _best(name, columns, unread, cells, known, SURE)
        if found is not None:
            more.append(found[1])
            del unread[found[0]]
    is_named = file_name in thing.file_names
    return Near(thing, len(places), tuple(lacking), matches, is_named, tuple(more))


def _rank(found: Near) -> float:
    """The nearer the greater: what it shows of what it needs, then how much of it is known.

    A file of nothing usual is a plain sheet rather than some system's list of labels.
    """
    needed = len(found.thing.fingerprint | {c.name for c in found.thing.columns if c.is_required})
    shown = needed - len(found.lacking) + 0.7 * len(found.matches)
    usual = 0.1 * found.thing.is_last_resort + 0.1 * found.thing.is_decisive
    return shown / max(needed, 1) + usual + 0.3 * found.is_named + 0.02 * min(found.found, 10)


def nearest(
    objects: Sequence[Object],
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    file_name: str,
    known: Mapping[str, Sequence[str]],
) -> Near | None:
    """The kind of export that a header comes nearest to; None where nothing of it is known."""
    keys = {header_key(head) for head in header}
    place = next((n for n, head in enumerate(header) if header_key(head) == "id"), None)
    ids = [row[place] for row in rows if place is not None and place < len(row) and row[place]]
    best: Near | None = None
    for thing in objects:
        if thing.without & keys or (thing.is_named_only and file_name not in thing.file_names):
            continue
        if thing.id_prefix and ids and not ids[0].startswith(thing.id_prefix):
            continue
        found = near(thing, header, rows, file_name, known, is_whole=False)
        if not found.found and not found.matches:
            continue
        if best is None or _rank(found) > _rank(best):
            best = found
    return None if best is None else near(best.thing, header, rows, file_name, known)
