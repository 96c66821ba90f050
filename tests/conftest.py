"""What every test shares: one real run on the sample, and no silent skips in CI."""

import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SHARED_DATA = ROOT.parent / "shared" / "data"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.skipped and not hasattr(report, "wasxfail") and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"skipped in CI, where everything is there: {report.longrepr}"


def nodecision(*arguments, **options):
    """Run the command as a user would, in a process of its own."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("nodecision")), *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=600,
        **options,
    )


@pytest.fixture(scope="session")
def command():
    return nodecision


@pytest.fixture(scope="session")
def sample_home(tmp_path_factory):
    """A home in which the whole flow has run once on the sample."""
    home = tmp_path_factory.mktemp("home")
    done = nodecision("run", "--exports", ROOT / "data" / "sample", "--home", home)
    assert done.returncode in (0, 3), done.stderr
    return home


@pytest.fixture(scope="session")
def small_exports(tmp_path_factory):
    """The export of a company so small that runs on it are quick."""
    from models.simulate import Company, simulate, write_salesforce

    folder = tmp_path_factory.mktemp("small-exports")
    write_salesforce(simulate(Company(deals=150, sellers=6, months=14)), folder)
    return folder


@pytest.fixture(scope="session")
def small_home(tmp_path_factory, small_exports):
    """A home in which the whole flow has run once on the small company."""
    home = tmp_path_factory.mktemp("small-home")
    done = nodecision("run", "--exports", small_exports, "--home", home)
    assert done.returncode in (0, 3), done.stderr
    return home


@pytest.fixture(scope="session")
def built_warehouse(sample_home):
    return sample_home / "warehouse.duckdb"


@pytest.fixture(scope="session")
def published(sample_home):
    return (sample_home / "published" / "latest").resolve()


@pytest.fixture
def con():
    """A warehouse in memory."""
    from pipelines import warehouse

    with warehouse.in_memory() as con:
        yield con


@pytest.fixture
def folder(tmp_path):
    """An empty folder for exports."""
    found = tmp_path / "exports"
    found.mkdir()
    return found


@pytest.fixture
def read(con, tmp_path):
    """Brings a folder of exports as far as raw; gives what came of each file."""
    from pipelines import contracts, exports, ingest
    from pipelines.loading import Options
    from pipelines.night import CONTRACTS

    known = contracts.load(CONTRACTS)

    def read(folder, **options):
        temp = tmp_path / "temp"
        return ingest.ingest(con, exports.offered(folder, temp), known, temp, Options(**options))

    return read


class Told:
    """A warehouse in memory that holds a folder of exports as far as core."""

    def __init__(self, con, report):
        self.con = con
        self.report = report

    def rows(self, sql):
        return self.con.execute(sql).fetchall()


@pytest.fixture
def told(tmp_path):
    """Brings a folder of exports as far as core, with these settings; gives what came of it."""
    from pipelines import ingest, seeds, tables, warehouse
    from pipelines.night import Night

    opened = ExitStack()

    def told(folder, settings="", as_of=None):
        con = opened.enter_context(warehouse.in_memory())
        place = tmp_path / "nodecision.toml"
        place.write_text(settings, encoding="utf-8")
        night = Night(
            exports=None if folder is None else str(folder),
            settings_path=str(place),
            home=str(tmp_path / "home"),
            as_of=as_of,
        )
        report = ingest.ingest(
            con, night.offered(), night.contracts, night.places.temp, night.options
        )
        parameters = night.settings.parameters(night.as_of_date)
        seeds.write(con, night.rules, parameters, night.settings.mappings())
        for query in tables.queries().values():
            if query.schema in ("crm", "core"):
                tables.build(con, query)
        return Told(con, report)

    with opened:
        yield told


@pytest.fixture(scope="session")
def shared_data():
    if not SHARED_DATA.exists():
        pytest.skip("the real data files are not beside this checkout")
    return SHARED_DATA


@pytest.fixture(scope="session")
def spark_installed():
    from pipelines.spark import EngineError, refuse_absent

    try:
        refuse_absent()
    except EngineError as error:
        pytest.skip(str(error))
