"""The DuckDB file: opened and closed here and nowhere else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

SCHEMAS = ("raw", "crm", "core", "features", "marts")


class WarehouseError(RuntimeError):
    """The warehouse cannot be opened; the message says why and what to do."""


@contextmanager
def opened(
    path: Path, *, read_only: bool = False, memory_limit: str = "4GB"
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, closed on the way out whatever happened inside.

    DuckDB allows one writing process at a time. A second one fails at once instead of waiting,
    because a night that waits unseen looks like a night that hangs.
    """
    if read_only and not path.exists():
        raise WarehouseError(f"{path}: no warehouse yet. Run `nodecision run` first.")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        con = duckdb.connect(str(path), read_only=read_only)
    except duckdb.IOException as error:
        if "lock" in str(error):
            raise WarehouseError(
                f"{path}: another process has the warehouse open ({error}). "
                "Wait for that run to end, or stop it, then run again."
            ) from error
        raise WarehouseError(
            f"{path}: cannot be opened as a warehouse ({error}). "
            "Everything in it can be rebuilt: move the file away and run again."
        ) from error
    try:
        con.execute("set memory_limit = $1", [memory_limit])
        _spill_to(con, path.with_name("tmp"))
        _prepare(con, read_only=read_only)
        yield con
    finally:
        con.close()


def _spill_to(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Where DuckDB puts what does not fit in memory.

    A second connection of a process shares the first one's, and once something was spilled DuckDB
    refuses to be told again, even the same.
    """
    told = con.execute("select current_setting('temp_directory')").fetchall()[0][0]
    if told != str(folder):
        con.execute("set temp_directory = $1", [str(folder)])


@contextmanager
def in_memory() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse that is gone afterwards."""
    con = duckdb.connect(":memory:")
    try:
        _prepare(con, read_only=False)
        yield con
    finally:
        con.close()


def _prepare(con: duckdb.DuckDBPyConnection, *, read_only: bool) -> None:
    con.execute("set TimeZone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    # An extension would be fetched from the network.
    con.execute("set autoinstall_known_extensions = false")
    con.execute("set autoload_known_extensions = false")
    if not read_only:
        for schema in SCHEMAS:
            con.execute(f"create schema if not exists {schema}")


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """All of what happens inside, or nothing of it."""
    con.execute("begin transaction")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    con.execute("commit")
