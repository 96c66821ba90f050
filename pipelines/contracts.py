"""What each kind of export looks like: `data/contracts/<vendor>.toml` as frozen objects."""

import hashlib
import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

TYPES = ("id", "sf_id", "text", "choice", "date", "datetime", "number", "boolean")


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
    """One kind of file: the raw table it fills and how it is recognised."""

    table: str
    description: str
    columns: tuple[Column, ...]
    fingerprint: frozenset[str]
    id_prefix: str | None
    is_decisive: bool

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
    """An event log: recognised by its activities, mapped to stages, acts, options, outcomes."""

    name: str
    description: str
    headers: Mapping[str, frozenset[str]]
    activities: frozenset[str]
    least_known: int
    mapping: tuple[Mapping[str, str], ...]
    automaton_resources: tuple[str, ...]
    currency: str
    pipeline: str


@dataclass(frozen=True)
class Contracts:
    """Every contract of the folder; `digest` changes when any of them does."""

    objects: tuple[Object, ...]
    logs: tuple[Log, ...]
    digest: str


def _object(vendor: str, name: str, told: Mapping[str, object], path: Path) -> Object:
    columns = []
    for column, detail in dict(told["columns"]).items():  # type: ignore[call-overload]
        kind = detail if isinstance(detail, str) else detail["type"]
        more = () if isinstance(detail, str) else detail.get("headers", ())
        if kind not in TYPES:
            raise ContractError(
                f"{path}: {name}.{column} has the type {kind!r}; known are {', '.join(TYPES)}."
            )
        columns.append(
            Column(
                column,
                kind,
                frozenset(
                    {header_key(column.replace("_", "")), column}
                    | {header_key(header) for header in more}
                ),
                column in told.get("required", ()),  # type: ignore[operator]
            )
        )
    return Object(
        f"raw.{vendor}_{name}",
        str(told["description"]),
        tuple(columns),
        frozenset(told["fingerprint"]),  # type: ignore[call-overload]
        told.get("id_prefix"),  # type: ignore[arg-type]
        bool(told.get("decisive", False)),
    )


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


def _log(told: Mapping[str, object], path: Path) -> Log:
    rows = []
    for row in told["activity"]:  # type: ignore[attr-defined]
        strangers = set(row) - set(MAPPING_COLUMNS) - {"name"}
        if strangers:
            raise ContractError(f"{path}: [[activity]] knows no {', '.join(sorted(strangers))}.")
        written = {
            key: str(value).lower() if isinstance(value, bool) else str(value)
            for key, value in row.items()
            if key != "name"
        }
        rows.append({"lifecycle": "", "is_automatic": "false", **written, "activity": row["name"]})
    return Log(
        str(told["name"]),
        str(told["description"]),
        {
            role: frozenset(header_key(header) for header in headers)
            for role, headers in told["headers"].items()  # type: ignore[attr-defined]
        },
        frozenset(row["activity"] for row in rows),
        int(told["least_known"]),  # type: ignore[call-overload]
        tuple(rows),
        tuple(told["automaton_resources"]),  # type: ignore[arg-type]
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
        except (tomllib.TOMLDecodeError, KeyError) as error:
            raise ContractError(f"{path}: {error}. See the other contracts.") from error
    return Contracts(tuple(objects), tuple(logs), digest.hexdigest())
