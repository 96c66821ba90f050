"""Who may import whom, and that the packages imported are this clone's own."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("pipelines", "models", "reports")
FORBIDDEN = {
    "models": {"dagster", "duckdb", "pipelines", "reports", "plotly", "jinja2"},
    "reports": {"dagster", "duckdb", "pipelines", "models", "sklearn"},
    "pipelines": {"pickle", "joblib", "dagster_duckdb"},
}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_keep_to_themselves(room):
    forbidden = FORBIDDEN[room] | {"pickle", "joblib"}
    found = {
        f"{path.relative_to(ROOT)} imports {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imports(path)
        if name in forbidden
    }
    assert not found


def test_only_the_warehouse_connects():
    found = {
        path.name
        for path in (ROOT / "pipelines").rglob("*.py")
        if "duckdb.connect(" in path.read_text(encoding="utf-8")
    }
    assert found == {"warehouse.py"}


def test_imports_are_this_clone(tmp_path):
    code = "import models, pipelines, reports; print(models.__file__, reports.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    ).stdout
    assert all(str(ROOT) in path for path in found.split())


def test_no_clock_in_sql():
    words = ("current_date", "current_timestamp", "now()", "today()", "random()")
    found = {
        f"{path.name}: {word}"
        for path in (ROOT / "pipelines" / "sql").rglob("*.sql")
        for word in words
        if word in path.read_text(encoding="utf-8").lower()
    }
    assert not found


def test_help_is_quick_to_import():
    code = (
        "import sys, pipelines.cli; "
        "heavy = {'dagster', 'duckdb', 'pandas', 'sklearn', 'plotly'} & set(sys.modules); "
        "print(sorted(heavy))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
