"""Briefs for buyers: facts or nothing, under 120 words, in English and in Korean."""

import itertools
import re
import tomllib
from pathlib import Path

import pandas as pd
import pytest

from pipelines.settings import Settings, SettingsError, load
from reports.brief_templates import (
    FACT_WORDS,
    FIRST_TO_GO,
    LINES,
    MOVES,
    QUESTIONS,
    WORD_LIMIT,
    BriefTemplateError,
    Templates,
    words,
)
from reports.briefs import brief, facts
from reports.formats import Formats
from reports.language import Words
from reports.views import View

GOLDENS = Path(__file__).parent / "goldens" / "briefs.toml"
CASES = tomllib.loads(GOLDENS.read_text(encoding="utf-8"))["case"]
LANGUAGES = ("en", "ko")
VOCABULARIES = ("sales", "job_search")
SCRIPT = "<script>alert(1)</script>"
# What must never reach a buyer.
INTERNAL = re.compile(
    r"%|probab|chance|score|model|risk|likel|predict|forecast|확률|점수|모델|위험|예측|가능성", re.I
)
PRESSURE = re.compile(
    r"\b(urgent|hurry|last chance|only today|act now|deadline|must)\b|서둘|마지막 기회|오늘만", re.I
)


def view(vocabulary="sales", own=None, as_of="2026-06-30", **briefs):
    settings = Settings.model_validate({"briefs": briefs, "source": {"vocabulary": vocabulary}})
    run = {"as_of": as_of, "settings": settings.model_dump(mode="json"), "brief_templates": own}
    return View(Words.read("en"), Formats("EUR"), run)


def row(**more):
    base = {
        "account": "Alder Works",
        "move": "help_decide",
        "question": "still_wanted",
        "silence_days": 40,
        "stage": "Proposal",
        "reasons": None,
        "p_no_decision": 0.7,
        "p_no_decision_if_pursued": 0.8,
        "amount_base": 12_345.0,
    }
    return {**base, **more}


KNOWN = {
    "incumbent": "Oldworks",
    "has_sign_of_life": True,
    "options_ours": 2,
    "options_competitor": 1,
    "offer_amount": 9_000.0,
    "currency": "EUR",
    "buyer_promise_on": pd.Timestamp("2026-06-09"),
    "is_promise_overdue": True,
}
SAID = {
    "differs": "your own data stay in your own cellar",
    "changing": "two days less for each month's closing",
    "misfit": {"Proposal": "you would need it on your own servers"},
    "amounts": True,
}


def told(language="en", vocabulary="", **more):
    return Templates.read(language, vocabulary, **more)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_goldens(case):
    asked = view(language=case["language"], **case.get("settings", {}))
    templates = told(case["language"])
    found = brief(asked, templates, row(**case.get("row", {})), case.get("known", {}))
    assert found == " ".join(case["expect"].split())


@pytest.mark.parametrize("move", MOVES)
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_combination_of_facts_stays_below_the_limit(language, vocabulary, move, monkeypatch):
    """Facts as long as they may be, each known or not: never too long, never half a sentence."""
    templates, asked = told(language, vocabulary), view(vocabulary)
    lines = [text for name in LINES[move] for text in templates.line[name]]
    names = [name for name in FACT_WORDS if any(f"{{{name}" in text for text in lines)]
    long = {name: " ".join(["ㄱㄴ"] * FACT_WORDS[name]) for name in names}
    seen = set()
    for known in itertools.product((False, True), repeat=len(names)):
        some = {name: long[name] for name, is_in in zip(names, known, strict=True) if is_in}
        monkeypatch.setattr("reports.briefs.facts", lambda *_, some=some: some)
        for question in QUESTIONS:
            text = brief(asked, templates, row(move=move, question=question), {})
            seen.add(words(text))
            assert words(text) < WORD_LIMIT, (known, question)
            assert "{" not in text and "  " not in text
    assert len(names) >= 5 and max(seen) > 80


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("vocabulary", VOCABULARIES)
@pytest.mark.parametrize("move", MOVES)
def test_a_buyer_reads_of_no_chance_and_feels_no_push(language, vocabulary, move):
    texts = [
        brief(view(language=language, **SAID), told(language, vocabulary), row(move=move), known)
        for known in ({}, KNOWN)
    ]
    for text in texts:
        assert not INTERNAL.search(text), text
        assert not PRESSURE.search(text), text
        assert "0.7" not in text and "12" not in text
        # What differs, staying, changing, and one question.
        assert SAID["differs"] in text
        assert SAID["changing"] in text
        assert "?" in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_not_known_is_not_told(language):
    templates = told(language)
    bare = {"account": None, "silence_days": None, "stage": None}
    for move in MOVES:
        text = brief(view(language=language), templates, row(move=move, **bare), {})
        said = {**SAID, "misfit": {}}  # with it, the silence would have to go
        whole = brief(view(language=language, **said), templates, row(move=move), KNOWN)
        assert text and words(text) < words(whole)
        for name in ("Alder", "Oldworks", "40"):
            assert name not in text
            assert name in whole
        # The day that is offered is ours to give, and nothing else in it is a number.
        assert re.findall(r"\d+", text.replace("2026", "")) == (
            [] if move == "help_decide" else ["28"] if language == "en" else ["9", "28"]
        )


def test_facts_that_are_no_facts():
    asked, templates = view(**SAID), told()

    def known(more=None, **of_row):
        return facts(asked, templates, row(**of_row), {**KNOWN, **(more or {})})

    every = known()
    assert every == {
        "account": "Alder Works",
        "incumbent": "Oldworks",
        "silence_days": "40",
        "step_was_due_on": "9 June 2026",
        "options": "3",
        "offer": "EUR 9,000",
        "differs": SAID["differs"],
        "changing": SAID["changing"],
        "misfit": SAID["misfit"]["Proposal"],
        "return_on": "28 September 2026",
    }
    # Silence of a buyer who never spoke is counted from the start: there is no "last".
    assert "silence_days" not in known({"has_sign_of_life": False})
    assert "silence_days" not in known({"has_sign_of_life": None})
    assert "silence_days" not in known(silence_days=13)
    assert "silence_days" in known(silence_days=14)
    assert "options" not in known({"options_ours": 1, "options_competitor": 0})
    assert "options" not in known({"options_ours": None, "options_competitor": None})
    assert known({"is_promise_overdue": False})["step_is_due_on"] == "9 June 2026"
    assert {"step_is_due_on", "step_was_due_on"}.isdisjoint(known({"is_promise_overdue": None}))
    for amount in (None, 0.0, -1.0):
        assert "offer" not in known({"offer_amount": amount})
    assert "offer" not in known({"currency": None})
    long = ("x" * 81, "one two three four five six")
    for nobody in ("N/A", "unknown", "-", "none", "없음", " ", *long):
        assert "incumbent" not in known({"incumbent": nobody}), nobody
    assert known(account="Two\nlines\u202e and\x07 more")["account"] == "Two lines and more"
    assert "misfit" not in known(stage="Discovery")


def test_amounts_are_told_only_where_the_settings_say_so():
    assert "offer" not in facts(view(), told(), row(), KNOWN)


def test_a_misfit_may_be_told_by_what_raises_the_risk():
    drivers = '[{"idea": "people", "contribution": 0.4}, {"idea": "silence", "contribution": 0.2}]'
    asked = view(misfit={"People": "nobody there can sign", "won": "x"})
    found = facts(asked, told(), row(reasons=drivers), {})
    assert found["misfit"] == "nobody there can sign"
    assert "misfit" not in facts(asked, told(), row(reasons="plain words"), {})


@pytest.mark.parametrize("move", ["keep", "pursue_anyway"])
def test_other_moves_have_no_brief(move):
    assert brief(view(), told(), row(move=move), KNOWN) == ""


def test_lines_go_in_order_where_a_brief_would_grow_too_long(monkeypatch):
    monkeypatch.setattr("reports.briefs.WORD_LIMIT", 90)
    whole = brief(view(**SAID), told(), row(), KNOWN)
    monkeypatch.setattr("reports.briefs.WORD_LIMIT", 200)
    longest = brief(view(**SAID), told(), row(), KNOWN)
    assert "alternatives on the table" in longest
    assert "alternatives on the table" not in whole
    assert "Oldworks" in whole
    assert words(whole) < 90 < words(longest)


def test_a_hostile_name_is_text():
    text = brief(view(), told(), row(account=SCRIPT), {**KNOWN, "incumbent": "{question}"})
    assert SCRIPT in text
    assert "{question}" in text


# Templates of one's own.


def written(tmp_path, text):
    path = tmp_path / "my_briefs.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_own_templates_stand_over_the_others(tmp_path):
    lines = '[line]\nstays = "Stay, {account}."\nsilence = ""\n'
    own = written(tmp_path, lines + '[question]\nstill_wanted = "Well?"\n')
    text = brief(view(own=str(own)), Templates.read("en", "", str(own)), row(), KNOWN)
    assert "Stay, Alder Works." in text
    assert text.count("Well?") == 1
    assert "40" not in text
    assert "the decision is yours" in text


@pytest.mark.parametrize(
    ("text", "words_said"),
    [
        ('[line]\n\nstay = "x"\n', r"line 3: line\.stay: no such key; there are ask, changing"),
        ('[lines]\nstays = "x"\n', r"line 1: lines: there are only \[line\], \[question\], \[date"),
        ('[line]\nstays = "{name}"\n', r"line 2: line\.stays: \{name\} is no fact; there are acc"),
        ('[line]\nstays = "{question}"\n', r"line 2: line\.stays: \{question\} is no fact"),
        ('[line]\nstays = "{account"\n', r"line 2: line\.stays: a brace that holds no fact"),
        ('[line]\nstays = "{account:은}"\n', r"line 2: line\.stays: '은' is no particle; there"),
        ("[line]\nstays = 3\n", r"line 2: line\.stays: a text, or a list of texts"),
        ("[line]\nstays = []\n", r"line 2: line\.stays: a text, or a list of texts"),
        ('[question]\nstill_wanted = ""\n', r"line 2: question\.still_wanted: a question may not"),
        ('[date]\nmonths = ["one"]\n', r"line 2: date\.months: twelve names"),
        ('[date]\nform = "{week}"\n', r"line 2: date\.form: \{week\} is no fact; there are day"),
        ("[line\n", "not valid TOML"),
        (f'[line]\nstays = "{"word " * 100}"\n', r"as many as \d+ words together \(help_decide\)"),
    ],
)
def test_a_mistake_in_own_templates_names_file_line_and_key(tmp_path, text, words_said):
    own = written(tmp_path, text)
    with pytest.raises(BriefTemplateError, match=words_said) as found:
        Templates.read("en", "", str(own))
    assert str(own) in str(found.value)
    settings = tmp_path / "nodecision.toml"
    settings.write_text('[briefs]\ntemplates = "my_briefs.toml"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=words_said):
        load(settings)


def test_templates_are_found_from_the_settings_and_count_for_the_run(tmp_path):
    settings = tmp_path / "nodecision.toml"
    settings.write_text('[briefs]\ntemplates = "my_briefs.toml"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"my_briefs\.toml: cannot be read: No such file"):
        load(settings)
    own = written(tmp_path, '[line]\nsilence = ""\n')
    first = load(settings)
    assert first.briefs.templates == str(own)
    before = first.digest()
    written(tmp_path, '[line]\noptions = ""\n')
    assert load(settings).digest() != before
    written(tmp_path, '[line]\nsilence = ""\n')
    assert load(settings).digest() == before


def test_settings_that_would_make_a_brief_too_long_are_refused(tmp_path):
    settings = tmp_path / "nodecision.toml"
    settings.write_text(f'[briefs]\ndiffers = "{"word " * 13}"\n', encoding="utf-8")
    with pytest.raises(SettingsError, match=r"line 2: briefs\.differs = .*at most 12 words"):
        load(settings)


@pytest.mark.parametrize("language", LANGUAGES)
def test_templates_of_both_languages_have_every_line(language):
    for vocabulary in VOCABULARIES:
        found = told(language, vocabulary)
        assert set(found.line) == {name for lines in LINES.values() for name in lines}
        assert set(found.question) == set(QUESTIONS)
        assert set(FIRST_TO_GO) <= set(found.line)


def test_korean_is_formal_throughout():
    """Every sentence ends in 합니다체: -니다, -니까, -십시오."""
    for vocabulary in VOCABULARIES:
        found = told("ko", vocabulary)
        for name, alternatives in [*found.line.items(), *found.question.items()]:
            for text in alternatives:
                said = re.sub(r"\{(question|differs|changing|misfit)\}\.?", "", text)
                for sentence in filter(None, map(str.strip, re.split(r"[.?]", said))):
                    assert re.search(r"(니다|니까|십시오)$", sentence), (name, sentence)
