"""The report that the browser opens: the one named in NODECISION_REPORT, else a small one."""

import importlib.util
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

LANGUAGES = ("en", "ko")
ARGUMENTS = (
    *("--no-sandbox", "--disable-gpu", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--no-first-run"),
)


@pytest.fixture(scope="session")
def built_report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a whole report."""
    named = os.environ.get("NODECISION_REPORT")
    if named:
        return Path(named).resolve()
    from reports.build import build

    beside = Path(__file__).parents[1] / "test_reports.py"
    spec = importlib.util.spec_from_file_location("report_fixture", beside)
    assert spec is not None and spec.loader is not None
    fixture = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(fixture)
    out = tmp_path_factory.mktemp("report")
    settings = {**fixture.RUN["settings"], "reports": {"languages": LANGUAGES}}
    build(fixture.frames(), {**fixture.RUN, "settings": settings}, out)
    return out


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium; nothing is downloaded."""
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=list(ARGUMENTS))
        yield started
        started.close()
