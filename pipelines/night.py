"""One night: where it reads, where it writes, and the settings in force."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import PrivateAttr

from pipelines import contracts, databases, exports, tables, warehouse
from pipelines import settings as settings_file
from pipelines.exports import Limits, Offered
from pipelines.loading import Options
from pipelines.spark import Spark
from pipelines.tables import Query

ROOT = Path(__file__).resolve().parent.parent
CONTRACTS = ROOT / "data" / "contracts"
RULES = ROOT / "data" / "rules"
SAMPLE = ROOT / "data" / "sample"


@dataclass(frozen=True)
class Places:
    """The files of one installation: everything a run may write lies under these."""

    warehouse: Path
    ledger: Path
    model: Path
    published: Path
    failed: Path
    alerts: Path
    temp: Path
    store: Path

    @classmethod
    def of(cls, home: Path | None) -> "Places":
        """Below `home` when given, else the clone's own `data/` and `reports/published/`."""
        base = ROOT / "data" if home is None else home
        return cls(
            warehouse=base / "warehouse.duckdb",
            ledger=base / "ledger",
            model=base / "model",
            published=ROOT / "reports" / "published" if home is None else home / "published",
            failed=base / "failed",
            alerts=base / "alerts",
            temp=base / "tmp",
            store=base / "store",
        )


class Night(dg.ConfigurableResource):
    """What one run was asked for; every asset reads its paths and settings from here."""

    exports: str | None = None
    settings_path: str | None = None
    home: str | None = None
    as_of: str | None = None
    full: bool = False
    _spark: Spark | None = PrivateAttr(default=None)

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator["Night"]:
        """One run; a session of Spark that it has begun ends with it."""
        try:
            yield self
        finally:
            if self._spark is not None:
                self._spark.stop()
                self._spark = None

    @cached_property
    def places(self) -> Places:
        """Where this night writes."""
        return Places.of(None if self.home is None else Path(self.home))

    @cached_property
    def settings(self) -> settings_file.Settings:
        """The settings in force: the named file, else the clone's own `nodecision.toml`."""
        default = ROOT / "nodecision.toml"
        if self.settings_path is not None:
            return settings_file.load(Path(self.settings_path))
        return settings_file.load(default if default.exists() else None)

    @property
    def store(self) -> str:
        """Where the tables lie that Spark makes: a folder, or the address of an object store."""
        return self.settings.engine.store or str(self.places.store)

    @cached_property
    def as_of_date(self) -> date | None:
        """The day asked for, or None for the newest stamp of the exports."""
        return None if self.as_of is None else date.fromisoformat(self.as_of)

    @cached_property
    def contracts(self) -> contracts.Contracts:
        """What each kind of export looks like, with the headers that the settings add."""
        said = contracts.vocabulary(CONTRACTS / f"{self.settings.source.vocabulary}.toml")
        for place, headers in self.settings.columns.items():
            own = (headers,) if isinstance(headers, str) else headers
            said[place] = (*own, *said.get(place, ()))
        return contracts.with_headers(contracts.load(CONTRACTS), said)

    @cached_property
    def rules(self) -> tuple[Path, ...]:
        """The folders of the rules in force, those of the vocabulary first where it has its own."""
        own = RULES / self.settings.source.vocabulary
        return (own, RULES) if own.is_dir() else (RULES,)

    @cached_property
    def options(self) -> Options:
        """What the settings say about reading."""
        source = self.settings.source
        return Options(
            source.date_order, source.time_zone, source.encoding, source.decimal_mark, self.full
        )

    @cached_property
    def exports_path(self) -> Path | None:
        """The files to read: those named or dropped, else the sample.

        None when the settings name databases and nothing else was named or dropped.
        """
        named = self.exports or self.settings.source.exports
        if named is not None:
            return Path(named)
        dropped = ROOT / "data" / "exports"
        has_files = dropped.is_dir() and any(
            not entry.name.startswith(".") for entry in dropped.iterdir()
        )
        if has_files:
            return dropped
        return None if self.settings.databases else SAMPLE

    def offered(self) -> list[Offered]:
        """Everything that is read: files, and tables of the databases that the settings name."""
        temp = self.places.temp
        temp.mkdir(parents=True, exist_ok=True)
        told = self.settings.limits
        limits = Limits(int(told.unpacked_gb * 1e9), told.zip_ratio)
        files = (
            [] if self.exports_path is None else exports.offered(self.exports_path, temp, limits)
        )
        return [*files, *databases.offered(self.settings.databases, self.contracts, temp)]

    def asked(self) -> dict[str, str | bool]:
        """What was asked for, as run configuration."""
        return {name: value for name, value in self.model_dump().items() if value is not None}

    def open(self, *, read_only: bool = False) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        """The warehouse of this night."""
        return warehouse.opened(
            self.places.warehouse,
            read_only=read_only,
            memory_limit=self.settings.source.memory_limit,
            store=self.settings.engine.store,
        )

    def build(self, con: duckdb.DuckDBPyConnection, query: Query) -> None:
        """Make the table or view of a query anew, by the engine of the settings.

        Raises EngineError when that is Spark and it cannot.
        """
        engine = self.settings.engine
        if query.schema == "crm" or engine.name == "duckdb":
            tables.build(con, query)
            return
        if self._spark is None:
            self._spark = Spark(engine, self.store, self.settings.source.memory_limit)
        self._spark.build(con, query)
