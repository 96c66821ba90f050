"""The analyst's settings: `nodecision.toml` read once into one frozen, validated object."""

import hashlib
import re
import tomllib
import unicodedata
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)

from pipelines.brief_settings import Briefs
from pipelines.crm_fields import CrmOut
from pipelines.unattended import Alerts, Retention
from reports.brief_templates import BriefTemplateError
from reports.language import languages

Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, Field(gt=0, lt=1)]
Minutes = Annotated[float, Field(ge=0, le=1440)]


ReasonClass = Literal[
    "no_decision",
    "budget",
    "incumbent",
    "competitor",
    "price",
    "product",
    "disqualified",
    "seller_drop",
    "hygiene",
    "other",
]
StageClass = Literal[
    "open",
    "on_hold",
    "nurture",
    "won",
    "lost",
    "no_decision",
    "budget",
    "incumbent",
    "competitor",
    "price",
    "product",
    "disqualified",
    "seller_drop",
    "hygiene",
]
ActivityKind = Literal["email", "call", "meeting", "message", "note", "task", "document", "skip"]
PipelineKind = Literal["new_business", "existing_business"]


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError("not a time zone such as Europe/Berlin or UTC") from error
    return name


Zone = Annotated[str, AfterValidator(_zone)]


NO_ELEMENT = "none"


def _element(said: str) -> str:
    framework, _, element = (part.strip() for part in said.partition("."))
    if said.strip() != NO_ELEMENT and not (framework and element and "." not in element):
        raise ValueError('not "framework.element", such as "meddpicc.champion", nor "none"')
    return said.strip()


Element = Annotated[str, AfterValidator(_element)]


def _for_all(said: object) -> object:
    return {"*": said} if isinstance(said, str) else said


class SettingsError(ValueError):
    """A settings file that cannot be used; the message names file, line, key and next step."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """What the exports are and how their text is to be read."""

    exports: str | None = None
    date_order: Annotated[dict[str, Literal["dmy", "mdy", "ymd"]], BeforeValidator(_for_all)] = {}
    time_zone: Annotated[dict[str, Zone], BeforeValidator(_for_all)] = {}
    encoding: dict[str, str] = {}
    decimal_mark: Annotated[dict[str, Literal[",", "."]], BeforeValidator(_for_all)] = {}
    reporting_currency: str = "USD"
    new_business_only: bool = True
    vocabulary: Literal["sales", "job_search"] = "sales"
    memory_limit: Annotated[str, Field(pattern=r"^(?i:[1-9]\d* ?[KMGT]i?B)$")] = "4GB"


class Limits(_Section):
    """What an archive may unpack to: in all, and as a multiple of its own size."""

    unpacked_gb: Annotated[float, Field(gt=0)] = 64
    zip_ratio: Annotated[float, Field(gt=1)] = 250


class Database(_Section):
    """A database in which a loader has landed exports; it is read and never written to."""

    kind: Literal["duckdb", "sqlite", "postgresql"]
    path: str | None = None
    connection: str | None = None
    schemas: tuple[str, ...] = ()
    tables: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_place(self) -> Self:
        if self.kind == "postgresql" and self.connection is None:
            raise ValueError('postgresql needs connection = "host=... dbname=..."')
        if self.kind != "postgresql" and self.path is None:
            raise ValueError(f"{self.kind} needs path = the database file")
        if "password" in (self.connection or ""):
            raise ValueError("no password here: PGPASSWORD or ~/.pgpass holds it")
        return self


def _master(address: str) -> str:
    if not re.fullmatch(r"local(\[(\*|\d+)\])?|yarn|(spark|k8s)://\S+", address):
        raise ValueError('not "local[*]", "local[4]", "spark://host:7077", "yarn" or "k8s://..."')
    return address


def _store(place: str) -> str:
    if "://" in place and not re.match(r"(s3|gs|hdfs)://.", place):
        raise ValueError("neither a folder nor an address that begins with s3://, gs:// or hdfs://")
    return place.rstrip("/")


class Engine(_Section):
    """What runs the queries from core on; where their tables lie when that is Spark."""

    name: Literal["duckdb", "spark"] = "duckdb"
    master: Annotated[str, AfterValidator(_master)] = "local[*]"
    store: Annotated[str, AfterValidator(_store)] | None = None
    properties: dict[str, str] = {}


class Outcomes(_Section):
    """When a deal counts as stalled, and which endings count as no decision."""

    pushes_for_stall: Annotated[int, Field(ge=1, le=20)] = 2
    g_share: Share = 0.95
    g_floor_days: Days = 14
    g_fallback_days: Days = 30
    stage_overstay_share: Share = 0.80
    min_wins_for_threshold: Annotated[int, Field(ge=1)] = 20
    learn_share: Share = 0.50
    incumbent_is_no_decision: bool = True
    held_unknown_counts: bool = True
    cleanup_min_deals: Annotated[int, Field(ge=2)] = 10
    cleanup_factor: Annotated[float, Field(gt=1)] = 5


class Traps(_Section):
    """What counts as a trap of an export, and from which share on it is a warning."""

    bulk_share: Share = 0.01
    backdated_days: Days = 7
    far_date_years: Annotated[int, Field(ge=1, le=50)] = 5
    import_share: Share = 0.05
    import_min_deals: Annotated[int, Field(ge=2)] = 10
    archive_days: Days = 365
    archive_fall_share: Share = 0.8
    late_start_days: Days = 90
    late_start_min_acts: Annotated[int, Field(ge=1)] = 50
    reply_channel_share: Share = 0.2
    booking_days: Days = 180
    reexport_share: Share = 0.98
    recreated_days: Days = 30
    night_share: Share = 0.2
    month_end_share: Share = 0.2
    fill_before: Share = 0.5
    fill_after: Share = 0.1
    fill_min_losses: Annotated[int, Field(ge=1)] = 20
    default_reason_share: Share = 0.6
    sharing_share: Share = 0.2
    warn_share: Share = 0.05
    dropped_share: Share = 0.5


# Settings of the comparison that only the statistics read.
NOT_IN_SQL = (
    *(
        "placebo_days",
        "bootstrap_draws",
        "max_points",
        "min_sellers_arm",
        "min_events",
        "min_effective",
    ),
    *("max_outside_all", "max_outside_doubt"),
)


class Comparison(_Section):
    """The target trial: its signal, its strategies and how long outcomes are followed."""

    silence_signal_days: Days = 14
    grace_days: Days = 14
    chase_gap_days: Days = 21
    chase_days: Days = 90
    horizon_days: Days = 180
    bristle_days: Days = 30
    return_days: Days = 365
    seller_active_days: Days = 30
    placebo_days: Days = 30
    prior_deals: Annotated[float, Field(gt=0)] = 10
    bootstrap_draws: Annotated[int, Field(ge=50, le=5000)] = 200
    max_points: Annotated[int, Field(ge=1000)] = 50_000
    min_sellers: Annotated[int, Field(ge=5, le=1000)] = 20
    min_sellers_arm: Annotated[int, Field(ge=3, le=1000)] = 10
    min_events: Annotated[int, Field(ge=10, le=100_000)] = 50
    min_effective: Annotated[float, Field(ge=10, le=100_000)] = 50
    max_outside_all: Annotated[float, Field(gt=0, le=0.5)] = 0.35
    max_outside_doubt: Annotated[float, Field(gt=0, le=0.75)] = 0.5

    @model_validator(mode="after")
    def _doubt_is_wider(self) -> Self:
        if self.max_outside_doubt < self.max_outside_all:
            raise ValueError("max_outside_doubt must not be below max_outside_all")
        if self.min_sellers_arm > self.min_sellers:
            raise ValueError("min_sellers_arm must not be above min_sellers")
        return self


class Hours(_Section):
    """Minutes that an act takes when the export does not say."""

    email: Minutes = 10
    call: Minutes = 20
    meeting: Minutes = 60
    message: Minutes = 5
    note: Minutes = 5
    task: Minutes = 15
    document: Minutes = 20


class Model(_Section):
    """The stall model: its seed, the size of its training sample and the worklist's threshold."""

    seed: int = 20261123
    max_landmarks_per_deal: Annotated[int, Field(ge=1, le=200)] = 12
    max_training_deals: Annotated[int, Field(ge=100)] = 50_000
    band_draws: Annotated[int, Field(ge=0, le=1_000)] = 12
    flag_above: Share = 0.5
    holdout_share: Annotated[float, Field(ge=0, le=0.5)] = 0.0
    value_of_an_hour: Annotated[float, Field(ge=0)] | None = None


class Worklist(_Section):
    """How a move is chosen, and what counts as a change since the night before."""

    patience: Annotated[float, Field(ge=0.5, le=10)] = 1.0
    risk_change: Share = 0.05


def _languages(said: list[str]) -> list[str]:
    known = languages()
    if not said or len(set(said)) < len(said) or not set(said) <= set(known):
        raise ValueError(f"not one or several of {', '.join(known)}, each once")
    return said


class Reports(_Section):
    """What the pages may tell of persons, and the languages that they are written in."""

    name_sellers: bool = False
    languages: Annotated[list[str], AfterValidator(_languages)] = ["en", "ko"]


class Schedule(_Section):
    """The unattended run: off until switched on here."""

    nightly: bool = False
    sensor: bool = False
    hour: Annotated[int, Field(ge=0, le=23)] = 2
    minute: Annotated[int, Field(ge=0, le=59)] = 0
    time_zone: Zone = "UTC"


class Settings(_Section):
    """Every setting, with its default. Sections and keys are those of `nodecision.toml`."""

    source: Source = Source()
    limits: Limits = Limits()
    databases: dict[str, Database] = {}
    engine: Engine = Engine()
    columns: dict[str, str | tuple[str, ...]] = {}
    stages: dict[str, StageClass] = {}
    pipelines: dict[str, PipelineKind] = {}
    loss_reasons: dict[str, ReasonClass] = {}
    activity_types: dict[str, ActivityKind] = {}
    qualification: dict[str, Element] = {}
    outcomes: Outcomes = Outcomes()
    traps: Traps = Traps()
    comparison: Comparison = Comparison()
    hours: Hours = Hours()
    model: Model = Model()
    worklist: Worklist = Worklist()
    briefs: Briefs = Briefs()
    crm_out: CrmOut = CrmOut()
    reports: Reports = Reports()
    schedule: Schedule = Schedule()
    alerts: Alerts = Alerts()
    retention: Retention = Retention()

    def parameters(self, as_of: date | None) -> dict[str, Any]:
        """The one row of `core.settings`; `as_of` overrides the newest stamp of the exports."""
        override = None if as_of is None else (as_of - date(1970, 1, 1)).days
        return {
            "as_of_override_day": override,
            **self.comparison.model_dump(exclude=set(NOT_IN_SQL)),
            **self.outcomes.model_dump(),
            **self.traps.model_dump(),
            "new_business_only": self.source.new_business_only,
            "reporting_currency": self.source.reporting_currency,
            **{f"minutes_{kind}": minutes for kind, minutes in self.hours.model_dump().items()},
        }

    def mappings(self) -> list[tuple[str, str, str]]:
        """The rows of `core.mappings`: what kind of word, the word in lower case, what it means."""
        said: dict[str, Mapping[str, str]] = {
            "stage": self.stages,
            "pipeline": self.pipelines,
            "loss_reason": self.loss_reasons,
            "activity_type": self.activity_types,
            **_elements(self.qualification),
        }
        return sorted(
            (what, unicodedata.normalize("NFC", word).strip().lower(), value)
            for what, words in said.items()
            for word, value in words.items()
        )

    def digest(self) -> str:
        """A hash of every setting in force that can change a number or a page.

        Of a file of one's own templates it is the words that count, not the place.
        """
        text = self.model_dump_json(
            exclude={
                "schedule": True,
                "alerts": True,
                "retention": True,
                "limits": True,
                "databases": True,
                "engine": True,
                "source": {"exports", "memory_limit"},
                "briefs": {"templates"},
            }
        )
        return hashlib.sha256(text.encode() + self.briefs.own_words()).hexdigest()


def _elements(said: Mapping[str, str]) -> dict[str, Mapping[str, str]]:
    """The framework and the element of each field; both empty where a field is none."""
    parts = {field: ("" if to == NO_ELEMENT else to).partition(".") for field, to in said.items()}
    return {
        "qualification_framework": {field: part[0].strip() for field, part in parts.items()},
        "qualification_element": {field: part[2].strip() for field, part in parts.items()},
    }


def _line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line on which a key of a TOML text stands; 1 when it cannot be found."""
    section, line_of_section = "", 1
    # The section itself, or a part of it with a header of its own.
    sections = {str(path[0]), ".".join(str(part) for part in path[:-1])}
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\]]+)\]", line)
        if header:
            section = header.group(1).strip()
            if section in sections:
                line_of_section = number
        key = re.match(r"""\s*["']?([\w.*-]+)["']?\s*=""", line)
        if key and section in sections and key.group(1) == str(path[-1]):
            return number
        if key and not section and key.group(1) == str(path[0]):
            return number
    return line_of_section


def load(path: Path | None) -> Settings:
    """Settings of a TOML file; the defaults when `path` is None.

    Raises SettingsError for a missing file, broken TOML, an unknown key or a value out of range,
    and for templates of briefs that cannot be used.
    """
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such settings file. Check --settings.") from None
    try:
        found = Settings.model_validate(tomllib.loads(text))
        briefs = found.briefs.placed(found.source.vocabulary, path.parent)
        return found.model_copy(update={"briefs": briefs})
    except BriefTemplateError as error:
        raise SettingsError(str(error)) from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path}: not valid TOML: {error}. Mend that line.") from error
    except ValidationError as error:
        lines = [
            f"{path}, line {_line_of(text, problem['loc'])}: "
            f"{'.'.join(str(part) for part in problem['loc'])} = {problem['input']!r}: "
            f"{problem['msg']}. See the comments in nodecision.toml for what is allowed."
            for problem in error.errors()
        ]
        raise SettingsError("\n".join(lines)) from error
