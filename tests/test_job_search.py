"""A person's own job search: read, counted and told in its own words."""

import csv
import html
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from pipelines.exports import ExportError
from reports.language import Words

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample_jobs"
SETTINGS = SAMPLE / "nodecision.toml"
VOCABULARY = '[source]\nvocabulary = "job_search"\n'
# Of the forty applications, by their status as written; counted by hand.
STATUSES = {
    "Accepted": 2,
    "Rejected": 13,
    "Ghosted": 9,
    "Role cancelled": 3,
    "Next time": 1,
    "Withdrew": 5,
    "Declined offer": 1,
    "Applied": 1,
    "Phone screen": 2,
    "Interview": 1,
    "Take-home": 1,
    "Offer": 1,
}
# What they come to. One of the two phone screens has been silent since 4 March: no decision.
TRUTH = {
    "Landed": 2,
    "Rejected": 13,
    "No decision": 9 + 3 + 1 + 1,
    "Withdrawn by the applicant": 5 + 1,
    "Still open": 5,
}
SALES_WORDS = re.compile(
    r"\b(deals?|sellers?|buyers?|accounts?|CRMs?|competitors?|bought|purchases?|revenue)\b", re.I
)


@pytest.fixture(scope="module")
def home(command, tmp_path_factory):
    """A home in which the whole flow has run once on the sample."""
    found = tmp_path_factory.mktemp("jobs")
    done = command(
        *("run", "--exports", SAMPLE / "sheets", "--settings", SETTINGS, "--home", found)
    )
    assert done.returncode in (0, 3), done.stderr
    return found


@pytest.fixture(scope="module")
def pages(home):
    """The text of each page."""
    found = {}
    for path in (home / "published" / "latest" / "en").glob("*.html"):
        bare = re.sub(r"<(script|style)\b.*?</\1>", "", path.read_text("utf-8"), flags=re.S)
        found[path.stem] = re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", bare)))
    return found


def test_the_sample_is_what_was_counted_by_hand():
    with (SAMPLE / "sheets" / "applications.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["Status"] for row in rows) == STATUSES
    assert len(rows) == sum(TRUTH.values()) == 40
    assert len({row["Company"] for row in rows}) == 40


def test_check_says_what_the_sample_is(command):
    done = command("check", SAMPLE / "sheets", "--settings", SETTINGS)
    assert done.returncode == 0, done.stderr
    said = re.sub(r"\s+", " ", done.stdout)
    assert "applications.csv is sheet_deal; 40 rows" in said
    assert "contacts.csv is sheet_activity; 72 rows" in said
    assert "sheet: 40 deals of 1 seller" in said
    for outcome, n in (("won", 2), ("lost_to_competitor", 13), ("disqualified", 6), ("open", 5)):
        assert re.search(rf" {outcome} {n} ", said), outcome
    assert re.search(r" no_decision 14 ", said)
    assert "Lines for nodecision.toml None" in said


def test_the_counts_on_the_page_are_those_of_the_hand(pages):
    assert "Of 35 applications that came to an end, 40" in pages["index"]
    for label, n in TRUTH.items():
        assert re.search(rf"\b{label} {n} ", pages["index"]), label


def test_forty_applications_are_said_to_be_too_few(pages):
    for page in ("index", "strategies"):
        said = "Too few to say whether withdrawing early beats following up: 14 comparable"
        assert said in pages[page]
        assert "1 of the 20 applicants" in pages[page]
    assert "Too little history to learn from" in pages["stall"]


@pytest.mark.parametrize("page", ["index", "stall", "strategies", "worklist"])
def test_pages_speak_of_a_job_search(pages, page):
    assert SALES_WORDS.findall(pages[page]) == []
    assert "application" in pages[page]


def test_who_is_silent_comes_with_a_question_to_the_employer(pages):
    assert re.search(r"Umberton Schools .*Is the role still to be filled", pages["worklist"])


# The words: an overlay that keeps to the sentences that there are.


def _keys(words):
    return sorted(words._sentences)


def test_no_sentence_speaks_of_sales_or_asks_for_what_pages_do_not_give():
    base, own = Words.read("en"), Words.read("en", "job_search")
    wrong_article = r"\b(a (application|employer|applicant|another|other)|an sheet)\b"
    for key in _keys(base):
        written = own._sentences[key]
        said = re.sub(r"\{[^}]*\}", "#", written)
        assert not SALES_WORDS.search(said), (key, said)
        assert not re.search(wrong_article, said, re.I), (key, said)
        places = set(re.findall(r"\{\w+\}", written))
        assert places <= set(re.findall(r"\{\w+\}", base._sentences[key])), key


def test_every_sentence_of_the_overlay_is_one_of_the_pages():
    base, own = Words.read("en"), Words.read("en", "job_search")
    assert _keys(own) == _keys(base)


def test_without_the_setting_nothing_changes():
    assert Words.read("en", "sales")._sentences == Words.read("en")._sentences


def test_words_are_replaced_whole_and_keep_their_capital(tmp_path, monkeypatch):
    (tmp_path / "xx.toml").write_text(
        'a = "A deal, deals; {deal} dealt. Deal: a buyer\'s **seller**, core/deal.csv, CRM"\n'
    )
    (tmp_path / "own.xx.toml").write_text(
        '[instead]\ndeal = "job"\ndeals = "jobs"\n"a deal" = "an offer"\n'
        '"a buyer" = "an employer"\nseller = "person"\ncrm = "sheet"\n'
    )
    monkeypatch.setattr("reports.language.LOCALES", tmp_path)
    assert Words.read("xx", "own")("a", deal="x") == (
        "An offer, jobs; x dealt. Job: an employer's person, core/deal.csv, sheet"
    )


# The rules: what statuses and reasons come to, in English and in Korean.

ENDINGS = [
    ("Accepted", "", "won"),
    ("Offer accepted", "", "won"),
    ("Hired", "", "won"),
    ("Rejected", "", "lost_to_competitor"),
    ("Rejected after interview", "", "lost_to_competitor"),
    ("Not selected", "", "lost_to_competitor"),
    ("Position filled", "", "lost_to_competitor"),
    ("Rejected", "They will keep my CV on file", "lost_to_competitor"),
    ("Rejected", "Not a fit", "lost_to_competitor"),
    ("Rejected", "I failed the technical test", "lost_to_competitor"),
    ("Ghosted", "", "no_decision"),
    ("No response", "", "no_decision"),
    ("Never heard back", "", "no_decision"),
    ("Role cancelled", "", "no_decision"),
    ("Hiring freeze", "", "no_decision"),
    ("Next time", "", "no_decision"),
    ("Closed", "Maybe next time", "no_decision"),
    ("Withdrew", "", "disqualified"),
    ("I withdrew", "Salary too low", "disqualified"),
    ("Declined offer", "", "disqualified"),
    ("Closed", "I declined; not the right role for me", "disqualified"),
    ("Closed", "Accepted another offer", "disqualified"),
    ("Declined", "", "unknown_loss"),
    ("Applied", "", "open"),
    ("Phone screen", "", "open"),
    ("2nd round interview", "", "open"),
    ("Take-home assignment", "", "open"),
    ("Offer received", "", "open"),
    ("최종 합격", "", "won"),
    ("입사", "", "won"),
    ("서류 탈락", "", "lost_to_competitor"),
    ("최종 불합격", "", "lost_to_competitor"),
    ("불합격", "경력 부족", "lost_to_competitor"),
    ("무응답", "", "no_decision"),
    ("연락 없음", "", "no_decision"),
    ("채용 취소", "", "no_decision"),
    ("다음 기회에", "", "no_decision"),
    ("지원 취소", "", "disqualified"),
    ("면접 포기", "", "disqualified"),
    ("오퍼 거절", "", "disqualified"),
    ("종료", "다른 회사 합격", "disqualified"),
    ("지원 완료", "", "open"),
    ("서류 합격", "", "open"),
    ("1차 면접", "", "open"),
    ("코딩 테스트", "", "open"),
    ("처우 협의", "", "open"),
]
OPEN = {status for status, _, outcome in ENDINGS if outcome == "open"}


def sheet(place, heads):
    """A sheet of the endings, under these headers."""
    with (place / "list.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(heads)
        for n, (status, reason, _) in enumerate(ENDINGS):
            decided = "" if status in OPEN else "2026-03-09"
            lines.writerow([f"Company {n:02}", "Analyst", "2026-03-02", status, decided, reason])


@pytest.mark.parametrize(
    "heads",
    [
        ["Employer", "Vacancy", "Applied On", "Application Status", "Decided On", "Reason"],
        ["회사", "직무", "지원일", "진행 상황", "결과 발표일", "사유"],
    ],
    ids=["en", "ko"],
)
def test_what_words_come_to(told, folder, heads):
    sheet(folder, heads)
    found = told(folder, VOCABULARY)
    rows = found.rows(
        "select a.name, o.outcome from core.outcomes o join core.deals d using (deal_id) "
        "join core.accounts a using (account_id) order by 1"
    )
    said = dict(rows)
    wrong = [
        (status, reason, said.get(f"Company {n:02}"), outcome)
        for n, (status, reason, outcome) in enumerate(ENDINGS)
        if said.get(f"Company {n:02}") != outcome
    ]
    assert wrong == []


def test_the_headers_are_those_of_a_job_search_only_where_the_settings_say_so(told, folder):
    sheet(
        folder, ["Employer", "Vacancy", "Applied On", "Application Status", "Decided On", "Reason"]
    )
    with pytest.raises(ExportError, match="not a known export"):
        told(folder)


def test_sales_words_keep_their_meaning_without_the_setting(told, folder):
    (folder / "deals.csv").write_text(
        "Deal,Account Name,Created,Status,Closed\nRoof,Alder,2026-01-05,Rejected,2026-02-05\n",
        encoding="utf-8",
    )
    outcome = "select outcome from core.outcomes"
    assert told(folder).rows(outcome) == [("disqualified",)]
    assert told(folder, VOCABULARY).rows(outcome) == [("lost_to_competitor",)]


def test_follow_ups_are_touches_and_only_people_reply(home):
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select account_id, kind, is_touch, is_sign_of_life from core.activities "
            "where account_id in ('sheet:amberlock systems', 'sheet:umberton schools') "
            "order by happened_at"
        ).fetchall()
    assert rows == [
        # The automatic reply is nobody's sign of life.
        ("sheet:amberlock systems", "email", False, False),
        ("sheet:amberlock systems", "email", False, True),
        ("sheet:umberton schools", "meeting", False, True),
        ("sheet:umberton schools", "email", True, False),
        ("sheet:umberton schools", "email", True, False),
    ]


def test_a_sheet_has_no_importer_to_go_back_to(home):
    assert not (home / "published" / "latest" / "crm").exists()
