"""Spark makes the rows that DuckDB makes: of the sample, of a real log, of a random company."""

from pathlib import Path

import pytest

from tests.two_engines import differences

ROOT = Path(__file__).resolve().parents[2]


pytestmark = pytest.mark.usefixtures("spark_installed")


def test_the_sample_has_the_same_rows(con, tmp_path):
    assert differences(con, ROOT / "data" / "sample", tmp_path) == {}


def test_a_real_log_has_the_same_rows(con, tmp_path, shared_data):
    log = shared_data / "bpic2012" / "financial_log.xes.gz"
    assert differences(con, log, tmp_path) == {}


def test_a_random_company_has_the_same_rows(con, folder, tmp_path):
    from models.simulate import scenario, write_sample

    write_sample(folder, "pipedrive", scenario("framework_matters").company(20261125, 250))
    assert differences(con, folder, tmp_path) == {}
