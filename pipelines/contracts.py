"""What each kind of export looks like: `data/contracts/<vendor>.toml` as frozen objects."""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

TYPES = ("id", "sf_id", "text", "choice", "date", "datetime", "number", "boolean")
EVENTS = "raw.event_log_event"
# Columns of an event, by the role that a contract's [headers] gives them.
ROLES = {
    "case": ("case_id", "id"),
    "activity": ("activity", "choice"),
    "time": ("happened_at", "datetime"),
    "resource": ("resource", "id"),
    "lifecycle": ("lifecycle", "choice"),
    "case_created": ("case_created_at", "datetime"),
    "case_amount": ("case_amount", "number"),
}
# A report on the screen marks the columns that it is sorted by.
ARROWS = "\u2191\u2193\u25b2\u25bc"
NEEDED_ROLES = ("case", "activity", "time")
NEEDED_EVENT_COLUMNS = tuple(ROLES[role][0] for role in NEEDED_ROLES)
EVENT_COLUMNS = (*(name for name, _ in ROLES.values()), "contract")
MAPPING_COLUMNS = (
    "activity",
    "lifecycle",
    "maps_to",
    "stage",
    "stage_order",
    "kind",
    "direction",
    "status",
    "option_kind",
    "outcome",
    "is_automatic",
)
# What an activity can be, and what its row must then say.
MAPS_TO = {
    "stage": ("stage", "stage_order"),
    "activity": ("kind", "direction", "status"),
    "option": ("option_kind",),
    "option_withdrawn": ("option_kind",),
    "outcome": ("outcome",),
    "skip": (),
}
KINDS = ("email", "call", "meeting", "message", "note", "task", "document")
ALLOWED = {
    "kind": KINDS,
    "direction": ("outbound", "inbound", "mutual", "unknown"),
    "status": ("done", "booked", "cancelled", "no_show", "unknown"),
    "option_kind": ("ours", "competitor", "incumbent"),
    "outcome": ("won", "disqualified", "no_decision", "lost_to_competitor"),
}


class ContractError(ValueError):
    """A contract file that cannot be used; the message names the file and what is wrong."""


def header_key(header: str) -> str:
    """A header as it is compared: NFC, trimmed, without BOM or a sort's arrow, lower case."""
    bare = unicodedata.normalize("NFC", header).replace("\ufeff", "").strip()
    return bare.strip(ARROWS).strip().lower()


def fixed_columns(header: Sequence[str], pair: Sequence[str]) -> int:
    """How many columns stand before a pair that is repeated with numbers behind its names."""
    numbered = [re.compile(rf"{re.escape(name)}[ _.-]?\d+") for name in pair]
    keys = [header_key(head) for head in header]
    for n in range(len(keys) - 1):
        if numbered[0].fullmatch(keys[n]) and numbered[1].fullmatch(keys[n + 1]):
            return n
    return len(keys)


@dataclass(frozen=True)
class Column:
    """One column of a raw table: its type, the headers it goes by, whether a line needs it.

    `headers` are keys, the preferred first; `pattern` finds further ones, which come after them.
    """

    name: str
    type: str
    headers: tuple[str, ...]
    is_required: bool
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True)
class Spread:
    """Columns of one kind, such as a date for each stage, which become rows of a table.

    The part of the header that `pattern` names `name` goes beside the value; `keep` are the
    object's columns that are repeated on each row.
    """

    table: str
    keep: tuple[str, ...]
    pattern: re.Pattern[str]
    type: str

    def places(self, header: Sequence[str]) -> dict[int, str]:
        """Position and name of each column that a header shows."""
        found = ((n, self.pattern.search(head.strip())) for n, head in enumerate(header))
        return {n: match["name"] for n, match in found if match}


@dataclass(frozen=True)
class Object:
    """One kind of file: the raw table it fills and how it is recognised.

    `fingerprint` are columns that tell it, `a|b` being either of two. `file_names` are how exports
    call it, without suffix and in lower case. `without` are headers that it never has. A header is
    also known with one of the `prefixes` taken off. `pairs` are the two columns that a ragged
    file repeats with numbers behind them. A `last_resort` is only what nothing else is; what is
    `named_only` has too few columns to be told by anything but the file's name.
    """

    table: str
    description: str
    columns: tuple[Column, ...]
    fingerprint: frozenset[str]
    id_prefix: str | None
    is_decisive: bool
    file_names: frozenset[str]
    without: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    pairs: tuple[str, ...] = ()
    spreads: tuple[Spread, ...] = ()
    is_last_resort: bool = False
    is_named_only: bool = False
    vendor: str = ""

    def shown(self, found: frozenset[str]) -> frozenset[str]:
        """The part of the fingerprint that these columns show."""
        return frozenset(told for told in self.fingerprint if not found.isdisjoint(told.split("|")))

    @property
    def name(self) -> str:
        """`vendor_object`: the table without its schema."""
        return self.table.removeprefix("raw.")

    def places(self, header: Sequence[str]) -> dict[str, tuple[int, ...]]:
        """The positions at which each known column stands in a header, the preferred one first.

        A position belongs to one column: to the first that goes by that header.
        """
        keys = [header_key(head) for head in header]
        if self.is_ragged(header):
            keys = [*keys[: fixed_columns(header, self.pairs)], *self.pairs]
        bare = [self._bare(key) for key in keys]
        taken: set[int] = set()
        found: dict[str, tuple[int, ...]] = {}
        for known in (keys, bare):
            at: dict[str, list[int]] = {}
            for n, key in enumerate(known):
                at.setdefault(key, []).append(n)
            for column in self.columns:
                hits = [n for key in column.headers for n in at.get(key, ()) if n not in taken]
                if hits:
                    found[column.name] = found.get(column.name, ()) + tuple(dict.fromkeys(hits))
                    taken.update(hits)
        # A custom field that is filled stands beside the standard one that is not.
        for column in self.columns:
            if column.pattern is not None:
                hits = [
                    n for n, key in enumerate(bare) if n not in taken and column.pattern.search(key)
                ]
                if hits:
                    found[column.name] = found.get(column.name, ()) + tuple(hits)
                    taken.update(hits)
        return found

    def is_ragged(self, header: Sequence[str]) -> bool:
        """Whether a header repeats the pair of columns of this object."""
        return bool(self.pairs) and fixed_columns(header, self.pairs) < len(header)

    def _bare(self, key: str) -> str:
        return next((key.removeprefix(p).strip() for p in self.prefixes if key.startswith(p)), key)


@dataclass(frozen=True)
class Log:
    """An event log: recognised by its activities, mapped to stages, acts, options, outcomes.

    `events` says how a line of it reads: its columns are those of `raw.event_log_event`.
    """

    name: str
    description: str
    events: Object
    activities: frozenset[str]
    least_known: int
    mapping: tuple[Mapping[str, str], ...]
    automaton_resources: tuple[str, ...]
    currency: str
    pipeline: str

    def column_of(self, attribute: str, *, of_case: bool) -> Column | None:
        """The column that an attribute of a case or of an event fills, in a log with both."""
        key = header_key(f"case:{attribute}" if of_case else attribute)
        return next((column for column in self.events.columns if key in column.headers), None)


@dataclass(frozen=True)
class Contracts:
    """Every contract of the folder; `digest` changes when any of them does."""

    objects: tuple[Object, ...]
    logs: tuple[Log, ...]
    digest: str


def best_log(logs: Iterable[Log], activities: Collection[str]) -> tuple[Log | None, str]:
    """The contract that shares most activities, or None and the nearest one in words."""
    ranked = sorted(logs, key=lambda log: (-len(log.activities & set(activities)), log.name))
    for log in ranked:
        if len(log.activities & set(activities)) >= log.least_known:
            return log, ""
    if not ranked:
        return None, "no contract of an event log is there"
    shared = len(ranked[0].activities & set(activities))
    return None, f"nearest is {ranked[0].name} with {shared} activities in common"


def _pattern(place: str, text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, flags=re.IGNORECASE)
    except re.error as error:
        raise ContractError(f"{place}: {text!r} is not a pattern: {error}.") from error


def _columns(place: str, told: Mapping[str, Any], required: Collection[str]) -> tuple[Column, ...]:
    columns = []
    for name, detail in told.items():
        said = {"type": detail} if isinstance(detail, str) else detail
        if said["type"] not in TYPES:
            raise ContractError(
                f"{place}.{name} has the type {said['type']!r}; known are {', '.join(TYPES)}."
            )
        more = (header_key(header) for header in said.get("headers", ()))
        headers = tuple(dict.fromkeys((name, name.replace("_", ""), *more)))
        pattern = _pattern(f"{place}.{name}", said["pattern"]) if "pattern" in said else None
        columns.append(Column(name, said["type"], headers, name in required, pattern))
    return tuple(columns)


def _spreads(place: str, table: str, told: Mapping[str, Any]) -> tuple[Spread, ...]:
    return tuple(
        Spread(
            f"{table}_{name}",
            tuple(detail["keep"]),
            _pattern(f"{place}.spread.{name}", detail["pattern"]),
            detail["type"],
        )
        for name, detail in told.items()
    )


def _object(vendor: str, name: str, told: Mapping[str, Any], path: Path) -> Object:
    required = told.get("required", ())
    table = f"raw.{vendor}_{name}"
    fingerprint = frozenset(str(entry) for entry in told["fingerprint"])
    known_by = {column for entry in fingerprint for column in entry.split("|")}
    strangers = {*required, *known_by} - set(told["columns"])
    if strangers:
        raise ContractError(
            f"{path}: {name} requires or is known by {', '.join(sorted(strangers))}, "
            f"which is none of [objects.{name}.columns]."
        )
    return Object(
        table,
        str(told["description"]),
        _columns(f"{path}: {name}", told["columns"], required),
        fingerprint,
        told.get("id_prefix"),
        bool(told.get("decisive", False)),
        frozenset({name.replace("_", ""), *(word.lower() for word in told.get("file_names", ()))}),
        frozenset(header_key(header) for header in told.get("without", ())),
        tuple(header_key(prefix) for prefix in told.get("prefixes", ())),
        tuple(told.get("pairs", ())),
        _spreads(f"{path}: {name}", table, told.get("spread", {})),
        bool(told.get("last_resort", False)),
        bool(told.get("named_only", False)),
        vendor,
    )


def _events(told: Mapping[str, Any], path: Path) -> Object:
    strangers = set(told["headers"]) - set(ROLES)
    lacking = set(NEEDED_ROLES) - set(told["headers"])
    if strangers or lacking:
        raise ContractError(
            f"{path}: [headers] needs {', '.join(NEEDED_ROLES)} and knows {', '.join(ROLES)}."
        )
    columns = tuple(
        Column(
            name,
            kind,
            tuple(header_key(header) for header in told["headers"].get(role, ())),
            role in NEEDED_ROLES,
        )
        for role, (name, kind) in ROLES.items()
    )
    needed = frozenset(column.name for column in columns if column.is_required)
    return Object(EVENTS, str(told["description"]), columns, needed, None, False, frozenset())


def _row(row: Mapping[str, Any], path: Path) -> dict[str, str]:
    """One [[activity]] as it stands in `raw.event_log_mapping`."""
    place = f"{path}: the activity {row.get('name')!r}"
    strangers = set(row) - set(MAPPING_COLUMNS) - {"name"}
    if strangers or "name" not in row:
        raise ContractError(
            f"{place} knows no {', '.join(sorted(strangers))}; it needs name and maps_to."
        )
    written = {
        key: str(value).lower() if isinstance(value, bool) else str(value)
        for key, value in row.items()
        if key != "name"
    }
    if written.get("maps_to") not in MAPS_TO:
        raise ContractError(f"{place} needs maps_to, one of {', '.join(MAPS_TO)}.")
    lacking = set(MAPS_TO[written["maps_to"]]) - set(written)
    if lacking:
        raise ContractError(f"{place} is a {written['maps_to']} without {', '.join(lacking)}.")
    for key, allowed in ALLOWED.items():
        if written.get(key, allowed[0]) not in allowed:
            raise ContractError(
                f"{place} has {key} = {written[key]!r}; known are {', '.join(allowed)}."
            )
    return {"lifecycle": "", "is_automatic": "false", **written, "activity": str(row["name"])}


def _log(told: Mapping[str, Any], path: Path) -> Log:
    rows = tuple(_row(row, path) for row in told["activity"])
    return Log(
        str(told["name"]),
        str(told["description"]),
        _events(told, path),
        frozenset(row["activity"] for row in rows),
        int(told["least_known"]),
        rows,
        tuple(told["automaton_resources"]),
        str(told["currency"]),
        str(told["pipeline"]),
    )


def load(folder: Path) -> Contracts:
    """Every contract of a folder. Raises ContractError naming file and mistake."""
    objects: list[Object] = []
    logs: list[Log] = []
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.toml")):
        try:
            text = path.read_text(encoding="utf-8")
            digest.update(f"{path.name}\n{text}".encode())
            told = tomllib.loads(text)
            if told["kind"] == "event_log":
                logs.append(_log(told, path))
            elif told["kind"] != "vocabulary":
                objects += [
                    _object(path.stem, name, detail, path)
                    for name, detail in told["objects"].items()
                ]
        except tomllib.TOMLDecodeError as error:
            raise ContractError(f"{path}: {error}.") from error
        except KeyError as error:
            raise ContractError(
                f"{path}: the key {error} is missing. See the other contracts."
            ) from error
    return Contracts(tuple(objects), tuple(logs), digest.hexdigest())


def vocabulary(path: Path) -> dict[str, tuple[str, ...]]:
    """The headers that a vocabulary adds, by `vendor_object.column`; none without a file."""
    if not path.exists():
        return {}
    told = tomllib.loads(path.read_text(encoding="utf-8"))
    return {place: tuple(headers) for place, headers in told["headers"].items()}


def with_headers(known: Contracts, said: Mapping[str, Sequence[str]]) -> Contracts:
    """The contracts with further headers, by `vendor_object.column`, preferred to their own.

    Raises ContractError for a column that no contract has.
    """
    objects = {thing.name: thing for thing in known.objects}
    for place, headers in said.items():
        name, _, wanted = place.partition(".")
        thing = objects.get(name)
        if thing is None or wanted not in {column.name for column in thing.columns}:
            near = thing.columns if thing is not None else ()
            has = ", ".join(column.name for column in near) or ", ".join(sorted(objects))
            raise ContractError(
                f"[columns] {place!r} is no column of a contract; known there: {has}."
            )
        more = tuple(header_key(header) for header in headers)
        objects[name] = replace(
            thing,
            columns=tuple(
                replace(column, headers=(*more, *column.headers))
                if column.name == wanted
                else column
                for column in thing.columns
            ),
        )
    digest = hashlib.sha256(f"{known.digest}{sorted(said.items())}".encode()).hexdigest()
    return Contracts(tuple(objects.values()), known.logs, digest if said else known.digest)
