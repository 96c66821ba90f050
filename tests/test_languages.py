"""The pages in every language: whole, in its own words, and each a way to the others."""

import csv
import html
import json
import re
import shutil
import string
from functools import cache
from pathlib import Path

import openpyxl
import pytest

from pipelines import checks
from reports import figures, language, particles
from reports.build import PAGES, build
from reports.formats import Formats
from reports.language import LOCALES, Words
from tests.test_reports import RUN, SCRIPT, _Page, frames

SOURCE = "en"
OTHERS = [name for name in language.languages() if name != SOURCE]
VOCABULARIES = ("", "job_search")
# What a language says of its own: how it shortens large amounts, and what it makes of the
# pipeline's English.
OWN = ("format.step.", "told.")

# Words of no language but their own, for the pages that are written in another script.
NAMES_SAID = """
    nodecision CRM CSV csv parquet tables xlsx worklist summary json model md crm TARGET AUC
    English Python scikit learn toml qualification make prove proof data rules MEDDPICC SPIN
    Challenger Command of the Message BANT Salesforce HubSpot Pipedrive Dynamics Quote
    quotes quote OpportunityCompetitor Discount discount Closed Lost Reason reason Return
    Date Recontact Main team Team incumbent activity subjects origin words loss reasons name
    sellers GB UTF en ko
"""
# Columns of the published tables that hold what the company itself, or the code, calls a thing.
NAMED = (
    *("account", "name", "team", "stage", "pipeline", "source", "supplier", "deal_id"),
    *("path", "file", "kind", "column_name", "table", "check", "setting", "encoding"),
    *("example", "curve", "level", "framework", "element", "slice"),
)


def _places(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def _comparable(words: Words) -> dict[str, str]:
    return {key: sentence for key, sentence in words._sentences.items() if not key.startswith(OWN)}


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("other", OTHERS)
def test_a_language_has_every_sentence_and_every_placeholder(other: str, vocabulary: str) -> None:
    ours, theirs = (_comparable(Words.read(name, vocabulary)) for name in (SOURCE, other))
    assert sorted(set(ours) ^ set(theirs)) == []
    differing = {
        key: _places(ours[key]) ^ _places(theirs[key])
        for key in ours
        if _places(ours[key]) != _places(theirs[key])
    }
    assert differing == {}
    assert [key for key in ours if ours[key].count("**") != theirs[key].count("**")] == []


@pytest.mark.parametrize("other", OTHERS)
def test_a_vocabulary_that_one_language_has_is_in_all(other: str) -> None:
    found = {path.name.split(".")[0] for path in LOCALES.glob(f"*.{SOURCE}.toml")}
    assert {path.name.split(".")[0] for path in LOCALES.glob(f"*.{other}.toml")} == found


@pytest.mark.parametrize("name", language.languages())
def test_a_particle_is_one_that_is_known(name: str) -> None:
    for key, sentence in Words.read(name)._sentences.items():
        for _, place, spec, _ in string.Formatter().parse(sentence):
            if place and spec and not key.startswith("format."):
                assert spec.removeprefix("~") in particles.PAIRS, (key, spec)


@pytest.mark.parametrize("other", OTHERS)
def test_what_the_pipeline_says_keeps_its_places(other: str) -> None:
    words = Words.read(other)
    for key in words.keys("told"):
        said = key.removeprefix("told.")
        assert _places(said) == _places(words._sentences[key]), said
        filled = said.format(**dict.fromkeys(_places(said), "7"))
        assert words.told(filled) != filled, said


@pytest.mark.parametrize("other", OTHERS)
def test_every_check_has_words(other: str) -> None:
    words = Words.read(other)
    unsaid = [
        check.name
        for check in checks.checks()
        if words.told(check.description) == check.description
    ]
    assert unsaid == []


def test_the_most_telling_words_of_the_pipeline_count() -> None:
    words = Words(
        "xx", {"told.{n} deals": "<{n}>", "told.{n} of {all} deals": "{n}/{all}", "a": "{x}"}
    )
    assert words.told("3 of 5 deals") == "3/5"
    assert words.told("5 deals") == "<5>"
    assert words.told("five sellers") == "five sellers"


def test_particles_follow_what_is_filled_in() -> None:
    words = Words(
        "ko",
        {"a": "**{x}**{x:~이/가} {y:을/를} {n:02}", "b": "{x:은/는} ({interval:으로/로})"},
    )
    assert words("a", x="서울", y="부산", n=3) == "서울이 부산을 03"
    assert words("a", x="12%", y="고객사", n=3) == "12%가 고객사를 03"
    assert words.html("a", x=SCRIPT, y="딜", n=3) == (
        "<strong>&lt;script&gt;alert(1)&lt;/script&gt;</strong>가 딜을 03"
    )
    assert words.html("b", x="딜", interval="3일") == ('딜은 (<span class="interval">3일</span>로)')


def test_words_of_a_vocabulary_take_their_particles_along(tmp_path, monkeypatch) -> None:
    (tmp_path / "xx.toml").write_text('a = "고객이 CRM에 고객을, 새 딜로 {딜} 고객만"\n', "utf-8")
    (tmp_path / "own.xx.toml").write_text(
        '[instead]\n"고객" = "회사"\n"딜" = "지원"\n"CRM" = "시트"\n', "utf-8"
    )
    monkeypatch.setattr("reports.language.LOCALES", tmp_path)
    said = Words.read("xx", "own")._sentences["a"]
    assert said == "회사가 시트에 회사를, 새 지원으로 {딜} 회사만"


@pytest.mark.parametrize(
    ("printed", "expected"),
    [
        (lambda show: show.share(0.312), "31%\u2060"),
        (lambda show: show.share(0.0004), "< 0.1%\u2060"),
        (lambda show: show.amount(1_234_000), "123만\u00a0원"),
        (lambda show: show.amount(1_234_000_000), "12.3억\u00a0원"),
        (lambda show: show.amount(-9_000), "−9,000\u00a0원"),
        (lambda show: show.day("2026-11-05T08:03:00"), "2026년 11월 5일"),
        (lambda show: show.moment("2026-11-05T08:03:00"), "2026년 11월 5일 08:03"),
        (lambda show: show.quarter("2026-Q3"), "2026년 3분기"),
        (lambda show: show.quarter("all"), "all"),
    ],
)
def test_numbers_are_printed_the_korean_way(printed, expected: str) -> None:
    assert printed(Formats("KRW", Words.read("ko"))) == expected


def test_axes_of_amounts_stand_at_round_numbers_in_the_words_of_the_page() -> None:
    show = Formats("KRW", Words.read("ko"))
    axis = figures.round_ticks([0.0, 3_840_000.0, float("nan")], show.bare_amount)
    assert axis["tickvals"] == [0.0, 1e6, 2e6, 3e6, 4e6]
    assert axis["ticktext"] == ["0", "100만", "200만", "300만", "400만"]
    assert figures.round_ticks([-30.0, 40.0], str)["tickvals"] == [-40.0, -20.0, 0.0, 20.0, 40.0]
    assert figures.round_ticks([0.0], str) == {}


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of the small marts in every language, the source's last."""
    out = tmp_path_factory.mktemp("languages")
    settings = {**RUN["settings"], "reports": {"languages": [*OTHERS, SOURCE]}}
    build(frames(), {**RUN, "settings": settings}, out)
    return out


def test_the_folder_opens_in_the_first_language(report: Path) -> None:
    root = (report / "index.html").read_text("utf-8")
    assert f"url={OTHERS[0]}/index.html" in root
    assert f'<html lang="{OTHERS[0]}">' in root
    for name in (*OTHERS, SOURCE):
        assert (report / name / "index.html").is_file()
        assert f'href="{name}/index.html"' in root


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", language.languages())
def test_each_page_leads_to_itself_in_the_other_languages(
    report: Path, page: str, name: str
) -> None:
    file = PAGES[page][0]
    source = (report / name / file).read_text("utf-8")
    assert f'<html lang="{name}">' in source
    links = _Page(source).links
    for other in language.languages():
        assert f"../{other}/{file}" in links
    for target in filter(None, (link.split("#")[0] for link in links)):
        assert (report / name / target).resolve().is_file(), target
    assert SCRIPT not in source


def test_one_language_alone_shows_no_switch(tmp_path: Path) -> None:
    build(frames(), RUN, tmp_path)
    assert {path.name for path in tmp_path.iterdir() if path.is_dir()} >= {"en", "tables"}
    assert not (tmp_path / "ko").exists()
    assert 'class="languages"' not in (tmp_path / "en" / "index.html").read_text("utf-8")


def test_a_language_is_added_by_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    places = tmp_path / "locales"
    shutil.copytree(LOCALES, places)
    written = (places / "en.toml").read_text("utf-8")
    (places / "xx.toml").write_text(written.replace('brand = "', 'brand = "XX '), "utf-8")
    monkeypatch.setattr("reports.language.LOCALES", places)
    assert "xx" in language.languages()
    settings = {**RUN["settings"], "reports": {"languages": ["xx", "en"]}}
    out = tmp_path / "report"
    out.mkdir()
    build(frames(), {**RUN, "settings": settings}, out)
    assert {path.name for path in (out / "xx").glob("*.html")} == {
        file for file, _ in PAGES.values()
    }
    first = (out / "xx" / "index.html").read_text("utf-8")
    assert '<html lang="xx">' in first and "XX nodecision" in first


def test_files_for_other_programs_speak_the_language_of_the_pages_beside_them(
    report: Path,
) -> None:
    heads = {}
    for name, path in ((OTHERS[0], report), (SOURCE, report / SOURCE)):
        sheet = openpyxl.load_workbook(path / "worklist.xlsx").active
        heads[name] = [cell.value for cell in sheet[1]]
        words = Words.read(name)
        assert heads[name][1] == words("column.account")
        assert sheet.title == words("nav.worklist")
        assert (path / "model.md").read_text("utf-8").startswith(f"# {words('table.model_card')}")
        assert '"../worklist.xlsx"' in (report / OTHERS[0] / "index.html").read_text("utf-8")
    assert heads[SOURCE] != heads[OTHERS[0]]
    assert '"./worklist.xlsx"' in (report / SOURCE / "index.html").read_text("utf-8")


def _seen(path: Path) -> list[str]:
    """What a reader of a page sees or hears: texts, text alternatives, and words of charts."""
    source = re.sub(r'<dd lang="(\w+)">.*?</dd>', " ", path.read_text("utf-8"), flags=re.S)
    charts = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', source, re.S)
    bare = re.sub(r"<(script|style)\b.*?</\1>", " ", source, flags=re.S)
    said = re.findall(r'(?:aria-label|alt|title|data-label)="([^"]*)"', bare)
    said += re.findall(r">([^<>]+)<", bare)
    for chart in charts:
        said += _words_of(json.loads(chart))
    return [html.unescape(text).strip() for text in said if text.strip()]


SHOWN = ("text", "name", "title", "x", "y", "ticktext", "hovertemplate", "label")


def _words_of(value: object, key: str = "") -> list[str]:
    if isinstance(value, dict):
        return [word for name, inner in value.items() for word in _words_of(inner, name)]
    if isinstance(value, list):
        return [word for inner in value for word in _words_of(inner, key)]
    if isinstance(value, str) and key in SHOWN:
        return [re.sub(r"%\{[^}]*\}|</?\w+>", " ", html.unescape(value))]
    return []


@cache
def _names_of_the_data(tables: Path) -> frozenset[str]:
    found = set()
    for path in tables.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                for column in NAMED:
                    found |= set(re.findall(r"[A-Za-z]+", row.get(column) or ""))
    return frozenset(found)


def _foreign(text: str, known: set[str]) -> list[str]:
    """Words in Latin letters that are no name; what is written as code is one."""
    kept = re.sub(r"\b\w+[._]\w[\w.]*|\w*\d\w*|[\w-]+:\S+", " ", text)
    return [word for word in re.findall(r"[A-Za-z]{2,}", kept) if word not in known]


@pytest.mark.parametrize("page", PAGES)
def test_korean_pages_of_the_sample_hold_no_word_of_english(published: Path, page: str) -> None:
    known = set(NAMES_SAID.split()) | _names_of_the_data(published / "tables")
    known |= {column for key in checks.KEYS.values() for column in key}
    settings = json.loads((published / "summary.json").read_text("utf-8"))["run"]["settings"]
    known |= set(re.findall(r"[A-Za-z]+", json.dumps(settings["crm_out"])))
    known.add(settings["source"]["reporting_currency"])
    left = {
        word: text[:80]
        for text in _seen(published / "ko" / PAGES[page][0])
        for word in _foreign(text, known)
    }
    assert left == {}


@pytest.mark.parametrize("page", PAGES)
def test_korean_pages_of_the_sample_fill_in_every_value(published: Path, page: str) -> None:
    for text in _seen(published / "ko" / PAGES[page][0]):
        assert not re.search(r"\{\w+|\bNone\b|\bnan\b", text), text


def test_a_job_search_in_korean_speaks_of_no_sale(tmp_path: Path) -> None:
    settings = {
        **RUN["settings"],
        "source": {**RUN["settings"]["source"], "vocabulary": "job_search"},
        "reports": {"languages": ["ko"]},
    }
    build(frames(), {**RUN, "settings": settings}, tmp_path)
    sales = re.compile("딜|고객|영업|수주|실주|경쟁사|구매|철수|공급사")
    for file, _ in PAGES.values():
        for text in _seen(tmp_path / "ko" / file):
            assert not sales.search(text), (file, text)
