"""Apache Spark as the engine of the queries from core on.

DuckDB reads the exports and types them; each table that a query reads and that Spark does not hold
yet goes to the store as parquet, Spark makes the query's table there, and the warehouse gets a view
of it with DuckDB's own types. Statistics, checks and pages read the warehouse as ever.
"""

import importlib.util
import os
import shutil
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from pipelines import tables
from pipelines.dialect import DialectError, spark_sql
from pipelines.settings import Engine
from pipelines.tables import Query
from pipelines.warehouse import transaction

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# How a column of the warehouse is typed on Spark.
TYPES = {
    "BOOLEAN": "boolean",
    "INTEGER": "int",
    "BIGINT": "bigint",
    # Sums of whole numbers; none comes near the end of 64 bits.
    "HUGEINT": "bigint",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
    '"NULL"': "string",
}
# Types of the warehouse that parquet does not keep.
IN_PARQUET = {"HUGEINT": "bigint", '"NULL"': "varchar"}
# What the same rows hang on, whatever the installation of Spark says.
ALWAYS = {
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.catalogImplementation": "in-memory",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}
# On one machine nobody else is to reach the session, and a few parts keep all cores busy.
LOCAL = {
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    "spark.sql.shuffle.partitions": "8",
}


class EngineError(RuntimeError):
    """Spark cannot start or cannot run a query; the message says why and what to do."""


def refuse_absent() -> None:
    """Raise EngineError where pyspark or Java is not installed."""
    if importlib.util.find_spec("pyspark") is None:
        raise EngineError(
            'engine = "spark" needs pyspark, which is not installed. Run `make setup-spark`, or '
            '`pip install "nodecision[spark]"`.'
        )
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java") if home is None else shutil.which(str(Path(home) / "bin" / "java"))
    if java is None:
        where = "on the PATH" if home is None else f"below JAVA_HOME ({home})"
        raise EngineError(
            f'engine = "spark" needs Java 17 or newer, and there is none {where}. Install it '
            "(Debian: apt-get install openjdk-17-jre-headless)."
        )


def _session(engine: Engine, store: str, memory_limit: str) -> "SparkSession":
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    # Java counts memory in letters of its own.
    memory = {"spark.driver.memory": memory_limit.lower().replace("ib", "b").removesuffix("b")}
    properties = {
        **(LOCAL | memory if engine.master.startswith("local") else {}),
        **engine.properties,
        **ALWAYS,
    }
    try:
        builder = SparkSession.builder.appName("nodecision").master(engine.master)
        session = builder.config(map=dict(properties)).getOrCreate()
        for schema in ("raw", *tables.HOPS):
            place = _literal(_address(f"{store}/{schema}"))
            session.sql(f"create database if not exists {schema} location '{place}'")
    except (Py4JError, PySparkException) as error:
        raise EngineError(
            f"Spark cannot start on {engine.master!r}: {_first_line(error)}. Check master and "
            "[engine.properties] in nodecision.toml."
        ) from error
    return session


class Spark:
    """A session of Spark, and the store in which its tables lie.

    Raises EngineError when Spark is not installed or the session cannot be had.
    """

    def __init__(self, engine: Engine, store: str, memory_limit: str) -> None:
        refuse_absent()
        self._store = store if "://" in store else str(Path(store).absolute())
        with warnings.catch_warnings():
            # Frames of pandas never pass through Spark here.
            warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
            self._session = _session(engine, self._store, memory_limit)

    def stop(self) -> None:
        """End the session. The tables stay in the store."""
        self._session.stop()

    def build(self, con: duckdb.DuckDBPyConnection, query: Query) -> None:
        """Make one table anew on Spark, and its view in the warehouse.

        Raises EngineError, which names the table, when the query fails.
        """
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException

        columns = {name: kind for name, kind, *_ in con.execute(f"describe {query.sql}").fetchall()}
        place = f"{self._store}/{query.schema}/{query.table}"
        # A view never shows the files of two nights, or files half written.
        tables.drop(con, query.name)
        try:
            for name in sorted(query.reads):
                self._give(con, name)
            told = ", ".join(
                f"cast(`{name}` as {kind}) as `{name}`"
                for name, kind in _on_spark(query.name, columns).items()
            )
            made = self._session.sql(f"select {told} from ({spark_sql(query.sql)})")
            made.write.parquet(_address(place), mode="overwrite")
            self._take(query.name, columns, place)
        except (Py4JError, PySparkException, DialectError) as error:
            raise EngineError(f"{query.name} on Spark: {_first_line(error)}") from error
        _show(con, query, place, columns)

    def _give(self, con: duckdb.DuckDBPyConnection, name: str) -> None:
        """Write a table of the warehouse to the store, unless the session holds it already."""
        if self._session.catalog.tableExists(name):
            return
        schema, _, table = name.partition(".")
        place = f"{self._store}/given/{schema}/{table}.parquet"
        if "://" not in place:
            Path(place).parent.mkdir(parents=True, exist_ok=True)
        columns = {column: kind for column, kind, *_ in con.execute(f"describe {name}").fetchall()}
        told = ", ".join(
            f'cast("{column}" as {IN_PARQUET.get(kind, kind)}) as "{column}"'
            for column, kind in columns.items()
        )
        con.execute(f"copy (select {told} from {name}) to '{_literal(place)}' (format parquet)")
        self._take(name, columns, place)

    def _take(self, name: str, columns: Mapping[str, str], place: str) -> None:
        """The parquet of a table as a table of the session."""
        told = ", ".join(f"`{column}` {kind}" for column, kind in _on_spark(name, columns).items())
        self._session.sql(f"drop table if exists {name}")
        self._session.sql(
            f"create table {name} ({told}) using parquet location '{_literal(_address(place))}'"
        )


def _on_spark(table: str, columns: Mapping[str, str]) -> dict[str, str]:
    for column, kind in columns.items():
        if kind not in TYPES:
            raise EngineError(f"{table}.{column} is {kind}, which has no counterpart on Spark.")
    return {column: TYPES[kind] for column, kind in columns.items()}


def _show(
    con: duckdb.DuckDBPyConnection, query: Query, place: str, columns: Mapping[str, str]
) -> None:
    """The view of a table that Spark made, in DuckDB's own types."""
    told = ", ".join(f'cast("{name}" as {kind}) as "{name}"' for name, kind in columns.items())
    comment = query.description.replace("'", "''")
    with transaction(con):
        con.execute(
            f"create view {query.name} as select {told} "
            f"from read_parquet('{_literal(place)}/*.parquet')"
        )
        con.execute(f"comment on view {query.name} is '{comment}'")


def _address(place: str) -> str:
    """A place of the store as Spark names it, which may take a bare path for one of a cluster."""
    return place if "://" in place else f"file://{place}"


def _literal(place: str) -> str:
    return place.replace("'", "''")


def _first_line(error: Exception) -> str:
    """What Java or Spark said, without the stack below it."""
    told = str(getattr(error, "java_exception", None) or error).strip()
    return told.partition("\n")[0]
