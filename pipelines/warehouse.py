"""The DuckDB file: opened and closed here and nowhere else."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

# What DuckDB says of files that are cut off, overwritten, damaged, or of another storage version.
BROKEN = re.compile(
    "not a valid DuckDB database|Could not read enough bytes|Corrupt database|version number"
    "|replaying WAL"
)
SCHEMAS = ("raw", "crm", "core", "features", "marts")


class WarehouseError(RuntimeError):
    """The warehouse cannot be opened; the message says why and what to do."""


class WarehouseBroken(WarehouseError):
    """The file is there and is no warehouse that this version of DuckDB can read."""


class WarehouseBusy(WarehouseError):
    """Another process is writing to the warehouse."""


@contextmanager
def opened(
    path: Path, *, read_only: bool = False, memory_limit: str = "4GB", store: str | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to the warehouse, closed on the way out whatever happened inside.

    `store` is where tables lie that another engine made: a folder, or the address of an object
    store, which DuckDB then reads and writes by Arrow's file systems.

    DuckDB allows one writing process at a time. A second one fails at once instead of waiting,
    because a night that waits unseen looks like a night that hangs.
    """
    if read_only and not path.exists():
        raise WarehouseError(f"{path}: no warehouse yet. Run `nodecision run` first.")
    path.parent.mkdir(parents=True, exist_ok=True)
    is_new = not path.exists()
    try:
        con = duckdb.connect(str(path), read_only=read_only)
    except duckdb.Error as error:
        if "lock" in str(error):
            raise WarehouseBusy(
                f"{path}: another process has the warehouse open ({error}). "
                "Wait for that run to end, or stop it, then run again."
            ) from error
        kind = WarehouseBroken if is_broken(str(error)) else WarehouseError
        raise kind(
            f"{path}: cannot be opened as a warehouse ({error}). "
            "Everything in it can be rebuilt: `nodecision run` puts a broken file aside; else mend "
            "what is said here, or move the file away, and run again."
        ) from error
    try:
        if is_new:
            # It holds what the exports hold: names, addresses, what people wrote.
            path.chmod(0o600)
        con.execute("set memory_limit = $1", [memory_limit])
        _spill_to(con, path.with_name("tmp"))
        if store is not None and "://" in store:
            _reach(con, store)
        _prepare(con, read_only=read_only)
        yield con
    finally:
        con.close()


def is_broken(reason: str) -> bool:
    """Whether an error of DuckDB says that the file itself cannot be read, and no run ever will."""
    return BROKEN.search(reason) is not None


def set_aside(path: Path) -> Path:
    """Move a warehouse that cannot be read out of the way; where it lies now.

    One is kept: what was set aside before is gone.
    """
    place = path.with_name(f"{path.name}.broken")
    path.with_name(f"{path.name}.wal").unlink(missing_ok=True)
    path.replace(place)
    return place


def _reach(con: duckdb.DuckDBPyConnection, store: str) -> None:
    """Give DuckDB the object store; its own extension for them would come from the network."""
    from fsspec.implementations.arrow import ArrowFSWrapper
    from pyarrow import fs

    scheme = store.partition("://")[0]
    try:
        found, _ = fs.FileSystem.from_uri(store)
    except (OSError, ValueError) as error:
        raise WarehouseError(f"{store}: the store cannot be reached: {error}.") from error
    wrapped = type("Store", (ArrowFSWrapper,), {"protocol": scheme})(found)
    if not con.filesystem_is_registered(scheme):
        con.register_filesystem(wrapped)


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
