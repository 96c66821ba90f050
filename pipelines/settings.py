"""The analyst's settings: `nodecision.toml` read once into one frozen, validated object."""

import hashlib
import re
import tomllib
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Days = Annotated[int, Field(ge=1, le=3650)]
Share = Annotated[float, Field(gt=0, lt=1)]
Minutes = Annotated[float, Field(ge=0, le=1440)]


class SettingsError(ValueError):
    """A settings file that cannot be used; the message names file, line, key and next step."""


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Source(_Section):
    """What the exports are and how their text is to be read."""

    exports: str | None = None
    date_order: dict[str, Literal["dmy", "mdy", "ymd"]] = {}
    reporting_currency: str = "USD"
    new_business_only: bool = True
    memory_limit: str = "4GB"


class Outcomes(_Section):
    """When a deal counts as stalled, and which endings count as no decision."""

    pushes_for_stall: Annotated[int, Field(ge=1, le=20)] = 2
    g_share: Share = 0.95
    g_floor_days: Days = 14
    g_fallback_days: Days = 30
    stage_overstay_share: Share = 0.80
    min_wins_for_threshold: Annotated[int, Field(ge=1)] = 20
    learn_share: Share = 0.60
    incumbent_is_no_decision: bool = True
    held_unknown_counts: bool = True
    cleanup_min_deals: Annotated[int, Field(ge=2)] = 10
    cleanup_factor: Annotated[float, Field(gt=1)] = 5


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
    prior_deals: Annotated[float, Field(gt=0)] = 10
    bootstrap_draws: Annotated[int, Field(ge=50, le=5000)] = 200


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
    flag_above: Share = 0.5
    value_of_an_hour: Annotated[float, Field(ge=0)] | None = None


class Schedule(_Section):
    """The unattended run: off until switched on here."""

    nightly: bool = False
    sensor: bool = False
    hour: Annotated[int, Field(ge=0, le=23)] = 2
    minute: Annotated[int, Field(ge=0, le=59)] = 0
    time_zone: str = "UTC"


class Settings(_Section):
    """Every setting, with its default. Sections and keys are those of `nodecision.toml`."""

    source: Source = Source()
    outcomes: Outcomes = Outcomes()
    comparison: Comparison = Comparison()
    hours: Hours = Hours()
    model: Model = Model()
    schedule: Schedule = Schedule()

    def parameters(self, as_of: date | None) -> dict[str, Any]:
        """The one row of `core.settings`; `as_of` overrides the newest stamp of the exports."""
        override = None if as_of is None else (as_of - date(1970, 1, 1)).days
        return {
            "as_of_override_day": override,
            **self.comparison.model_dump(exclude={"bootstrap_draws"}),
            **self.outcomes.model_dump(),
            "new_business_only": self.source.new_business_only,
            "reporting_currency": self.source.reporting_currency,
            **{f"minutes_{kind}": minutes for kind, minutes in self.hours.model_dump().items()},
        }

    def digest(self) -> str:
        """A hash of every setting in force that can change a number or a page."""
        text = self.model_dump_json(
            exclude={"schedule": True, "source": {"exports", "memory_limit"}}
        )
        return hashlib.sha256(text.encode()).hexdigest()


def _line_of(text: str, path: tuple[str | int, ...]) -> int:
    """The line on which a key of a TOML text stands; 1 when it cannot be found."""
    section, line_of_section = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[([^\]]+)\]", line)
        if header:
            section = header.group(1).strip()
            if section == str(path[0]):
                line_of_section = number
        key = re.match(r"""\s*["']?([\w.*-]+)["']?\s*=""", line)
        if key and (section, key.group(1)) == (str(path[0]), str(path[-1])):
            return number
        if key and not section and key.group(1) == str(path[0]):
            return number
    return line_of_section


def load(path: Path | None) -> Settings:
    """Settings of a TOML file; the defaults when `path` is None.

    Raises SettingsError for a missing file, broken TOML, an unknown key or a value out of range.
    """
    if path is None:
        return Settings()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(f"{path}: no such settings file. Check --settings.") from None
    try:
        return Settings.model_validate(tomllib.loads(text))
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
