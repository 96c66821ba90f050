"""What each kind of export looks like: `data/contracts/<vendor>.toml` as frozen objects."""

import hashlib
import tomllib
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
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
    """A header as it is compared: NFC, trimmed, without BOM, lower case."""
    return unicodedata.normalize("NFC", header).replace("\ufeff", "").strip().lower()


@dataclass(frozen=True)
class Column:
    """One column of a raw table: its type, the headers it goes by, whether a line needs it."""

    name: str
    type: str
    headers: frozenset[str]
    is_required: bool


@dataclass(frozen=True)
class Object:
    """One kind of file: the raw table it fills and how it is recognised.

    `file_name` is how exports call it, without its suffix and in lower case.
    """

    table: str
    description: str
    columns: tuple[Column, ...]
    fingerprint: frozenset[str]
    id_prefix: str | None
    is_decisive: bool
    file_name: str

    def matched(self, headers: Iterable[str]) -> dict[str, str]:
        """Contract column by header, for the headers that the contract knows (first one wins)."""
        found: dict[str, str] = {}
        for header in headers:
            for column in self.columns:
                if header_key(header) in column.headers and column.name not in found.values():
                    found[header] = column.name
                    break
        return found


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


def _columns(place: str, told: Mapping[str, Any], required: Collection[str]) -> tuple[Column, ...]:
    columns = []
    for name, detail in told.items():
        kind = detail if isinstance(detail, str) else detail["type"]
        more = () if isinstance(detail, str) else detail.get("headers", ())
        if kind not in TYPES:
            raise ContractError(
                f"{place}.{name} has the type {kind!r}; known are {', '.join(TYPES)}."
            )
        headers = {name, header_key(name.replace("_", "")), *(header_key(more) for more in more)}
        columns.append(Column(name, kind, frozenset(headers), name in required))
    return tuple(columns)


def _object(vendor: str, name: str, told: Mapping[str, Any], path: Path) -> Object:
    required = told.get("required", ())
    strangers = {*required, *told["fingerprint"]} - set(told["columns"])
    if strangers:
        raise ContractError(
            f"{path}: {name} requires or is known by {', '.join(sorted(strangers))}, "
            f"which is none of [objects.{name}.columns]."
        )
    return Object(
        f"raw.{vendor}_{name}",
        str(told["description"]),
        _columns(f"{path}: {name}", told["columns"], required),
        frozenset(told["fingerprint"]),
        told.get("id_prefix"),
        bool(told.get("decisive", False)),
        name.replace("_", ""),
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
            frozenset(header_key(header) for header in told["headers"].get(role, ())),
            role in NEEDED_ROLES,
        )
        for role, (name, kind) in ROLES.items()
    )
    needed = frozenset(column.name for column in columns if column.is_required)
    return Object(EVENTS, str(told["description"]), columns, needed, None, False, "")


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
            else:
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
