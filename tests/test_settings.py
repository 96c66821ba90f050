"""Settings: every default is valid, every mistake names its line."""

import re
import tomllib
from datetime import date
from pathlib import Path

import pytest

from pipelines.settings import Settings, SettingsError, load

FILE = Path(__file__).resolve().parents[1] / "nodecision.toml"


def written(tmp_path, text):
    path = tmp_path / "nodecision.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_file_of_the_clone_changes_nothing():
    assert load(FILE) == Settings()


def test_every_key_stands_in_the_file_with_its_default():
    text = FILE.read_text(encoding="utf-8")
    uncommented = re.sub(r"(?m)^# (\w+ = )", r"\1", text)
    told = tomllib.loads(uncommented)
    expected = Settings().model_dump(mode="json")
    # Of these the file shows an example, since the default is to say nothing.
    for section, key in (
        ("source", "exports"),
        ("source", "date_order"),
        ("source", "time_zone"),
        ("source", "encoding"),
        ("source", "decimal_mark"),
        ("model", "value_of_an_hour"),
        ("briefs", "templates"),
        ("engine", "store"),
    ):
        told[section].pop(key)
        expected[section].pop(key)
    assert told == expected


def test_an_unknown_key_names_its_line(tmp_path):
    path = written(tmp_path, "[hours]\ncall = 5\n\n[comparison]\ngrace_day = 3\n")
    with pytest.raises(SettingsError, match=r"line 5: comparison.grace_day = 3"):
        load(path)


def test_a_value_out_of_range_names_its_line_and_value(tmp_path):
    path = written(tmp_path, "[outcomes]\ng_share = 1.5\n")
    with pytest.raises(SettingsError, match=r"line 2: outcomes.g_share = 1.5"):
        load(path)


def test_broken_toml_and_missing_file(tmp_path):
    with pytest.raises(SettingsError, match="not valid TOML"):
        load(written(tmp_path, "[hours\n"))
    with pytest.raises(SettingsError, match="no such settings file"):
        load(tmp_path / "none.toml")


def test_a_schedule_or_a_place_is_no_part_of_the_digest(tmp_path):
    other = written(tmp_path, '[schedule]\nhour = 5\n[source]\nexports = "x"\n')
    assert load(other).digest() == Settings().digest()
    assert load(written(tmp_path, "[hours]\ncall = 5\n")).digest() != Settings().digest()


def test_the_parameters_hold_an_asked_for_day():
    assert Settings().parameters(date(1970, 1, 11))["as_of_override_day"] == 10
    assert Settings().parameters(None)["as_of_override_day"] is None


def test_examples_of_the_file_are_valid(tmp_path):
    text = re.sub(r"(?m)^#   (.*?)(?: +\(or .*\))?$", r"\1", FILE.read_text(encoding="utf-8"))
    found = load(written(tmp_path, text))
    assert found.databases["landing"].kind == "duckdb"
    assert found.databases["warehouse"].schemas == ("salesforce",)
    assert found.mappings() == [
        ("activity_type", "site visit", "meeting"),
        ("loss_reason", "went quiet after pilot", "no_decision"),
        ("pipeline", "renewals 2024", "existing_business"),
        ("qualification_element", "cloud_readiness__c", "cloud"),
        ("qualification_element", "metrics__c", ""),
        ("qualification_element", "power_sponsor__c", "champion"),
        ("qualification_framework", "cloud_readiness__c", "our_fit"),
        ("qualification_framework", "metrics__c", ""),
        ("qualification_framework", "power_sponsor__c", "meddpicc"),
        ("stage", "보류", "on_hold"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[stages]\n"A" = "opne"\n', r"line 2: stages.A = 'opne'"),
        ('[source]\ntime_zone = { "*" = "Mars" }\n', r"time_zone.* = 'Mars': .*not a time zone"),
        ('[databases.x]\nkind = "duckdb"\n', "duckdb needs path"),
        ('[databases.x]\nkind = "postgresql"\nconnection = "password=a"\n', "no password here"),
    ],
)
def test_a_wrong_mapping_or_place_is_named(tmp_path, text, words):
    with pytest.raises(SettingsError, match=words):
        load(written(tmp_path, text))


def test_the_languages_of_the_pages_are_those_with_words(tmp_path):
    assert load(written(tmp_path, '[reports]\nlanguages = ["ko"]')).reports.languages == ["ko"]
    for wrong in ('["xx"]', "[]", '["en", "en"]', '["briefs.en"]'):
        with pytest.raises(SettingsError, match=r"line 2.*one or several of en, ko"):
            load(written(tmp_path, f"[reports]\nlanguages = {wrong}"))
