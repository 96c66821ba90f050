"""`nodecision check`: what each file is, what the whole can answer, and lines ready to paste."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from pipelines import (
    answers,
    contracts,
    preview,
    preview_columns,
    preview_words,
    questions,
    settings,
    tables,
    toml_text,
)
from pipelines.contracts import header_key
from pipelines.night import CONTRACTS, RULES, Night

ROOT = Path(__file__).resolve().parents[1]
EXPORTS = Path(__file__).parent / "exports" / "check"
SECTIONS = ("columns", "stages", "pipelines", "loss_reasons", "activity_types")
HOSTILE = (
    "plain",
    'Said "no" twice',
    "C:\\temp\\new",
    "ends in a backslash\\",
    "달빛 계획",
    "失注理由 ☂",
    "bell\x07 nul\x00 escape\x1b delete\x7f",
    "two\nlines\r\nand\ta tab",
    "next\x85line \u2028 separator \u2029 and \u202eright to left",
    "'''single''' and \"\"\"triple\"\"\"",
    "# no comment = [x]",
    "𝔘nicode beyond the first plane",
    " ",
    "",
)


@pytest.fixture
def checked(tmp_path):
    """The preview of a folder as text, with these settings, and whether anything could be read."""

    def checked(folder, said=""):
        place = tmp_path / "said.toml"
        place.write_text(said, encoding="utf-8")
        night = Night(exports=str(folder), settings_path=str(place), home=str(tmp_path / "home"))
        lines = []
        try:
            for line in preview.lines(night):
                lines.append(line)
        except preview.NothingRead:
            return "\n".join(lines), False
        return "\n".join(lines), True

    return checked


def block(text, name="nodecision.toml"):
    """What stands between the marks of a block that is ready to paste."""
    found = re.search(
        rf"^# ---- {re.escape(name)} ----$\n(.*?)^# ---- end of {re.escape(name)} ----$",
        text,
        flags=re.MULTILINE | re.DOTALL,
    )
    return "" if found is None else found.group(1)


def loaded(tmp_path, text):
    place = tmp_path / "pasted.toml"
    place.write_text(text, encoding="utf-8")
    return settings.load(place)


def about(text, file):
    """What is said of one file."""
    start = text.index(f"  {file}\n")
    rest = text[start + 1 :]
    end = re.search(r"\n  \S|\n\n", rest)
    return " ".join(rest[: end.start() if end else len(rest)].split())


# Any text as TOML


@pytest.mark.parametrize("text", HOSTILE)
def test_any_text_is_taken_back_as_it_was(text):
    quoted = toml_text.quoted(text)
    assert tomllib.loads(f"{quoted} = {quoted}") == {text: text}
    assert len(quoted.splitlines()) == 1


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("is_active", [True, False])
def test_a_line_is_valid_whatever_it_says(tmp_path, text, is_active):
    line = toml_text.Line("loss_reasons", text, ("other",), f"7 deals; {text}", is_active)
    told = toml_text.block([line], {"loss_reasons": ("Allowed.",)})
    assert loaded(tmp_path, told).loss_reasons == ({text: "other"} if is_active else {})


def test_half_a_pair_of_letters_is_no_text():
    quoted = toml_text.quoted("x\ud800")
    assert tomllib.loads(f"a = {quoted}") == {"a": "x\ufffd"}


# Files


def test_an_unknown_file_is_named_with_its_nearest(command):
    done = command("check", EXPORTS / "unknown")
    assert done.returncode == 1
    assert "nearest is" in about(done.stdout, "machines.csv")
    assert "Serial, Colour, Weight kg, Bay" in done.stdout
    assert "Traceback" not in done.stderr
    assert "none of the files offered could be read" in done.stderr


def test_a_known_file_says_what_it_holds(checked):
    text, could = checked(EXPORTS / "words")
    assert could
    told = about(text, "Deals.csv")
    assert "sheet_deal; 11 rows; created_at 2025-01-05 to 2025-02-09; utf-8, commas" in told
    # The emptiest first; what is as good as full is only counted.
    assert "filled deal_type 0%, lost_reason 64%, closed_on 73%, the other 8 columns 100%" in told
    assert "not read Competitor named, Why dropped?" in told


def test_refused_lines_are_shown_with_their_place(checked, folder):
    deals = (EXPORTS / "words" / "Deals.csv").read_text(encoding="utf-8")
    broken = deals.replace("2025-01-05,2025-02-10,1000", "soon,2025-02-10,1000").replace(
        "2025-02-03,,1800", "2025-02-03,,plenty"
    )
    (folder / "Deals.csv").write_text(broken, encoding="utf-8")
    told = about(checked(folder)[0], "Deals.csv")
    assert "refused 1 line line 2, column created_at, 'soon'" in told
    assert "unread 1 value line 8, column amount, 'plenty'" in told


@pytest.mark.parametrize("name", ["unknown", "odd", "words", "log", "snapshot", "broken"])
def test_no_line_is_wider_than_a_page(checked, name):
    text, _ = checked(EXPORTS / name)
    assert [line for line in text.splitlines() if len(line) > 100] == []


def test_a_broken_file_among_good_ones_is_named(command):
    done = command("check", EXPORTS / "broken")
    assert done.returncode == 0, done.stderr
    assert "the zip cannot be read" in about(done.stdout, "mangled.zip")
    assert "sheet_deal; 3 rows" in about(done.stdout, "Deals.csv")
    assert "sheet: 3 deals" in done.stdout


def test_a_refused_file_that_decides_does_not_silence_the_others(checked, folder):
    shutil.copy(EXPORTS / "words" / "activities.csv", folder)
    shutil.copy(EXPORTS / "words" / "Deals.csv", folder)
    (folder / "Opportunity.csv").write_text(
        "Id,Name,StageName,CloseDate,CreatedDate,IsClosed,IsWon\n"
        "1.23E+15,Alder,New,2026-01-01,2026-01-01,false,false\n"
    )
    text, could = checked(folder)
    assert could
    assert "1.23E+15" in about(text, "Opportunity.csv")
    assert "sheet: 11 deals" in text


def test_a_database_among_the_exports_is_told_its_place(checked, folder):
    (folder / "landing.duckdb").write_bytes(b"not looked into")
    assert "[databases] of nodecision.toml" in about(checked(folder)[0], "landing.duckdb")


def test_a_folder_with_broken_archives_only(command, folder):
    (folder / "a.zip").write_bytes(b"PK\x03\x04")
    (folder / "b.csv.gz").write_bytes(b"no gzip")
    (folder / "c.xlsx").write_bytes(b"PK\x03\x04")
    (folder / "d.csv").write_bytes(b"")
    (folder / "e.xes").write_text("<log><trace>")
    (folder / "f.json").write_text("{")
    done = command("check", folder)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in ("a.zip", "b.csv.gz", "c.xlsx", "d.csv", "e.xes", "f.json"):
        assert "is not read" in about(done.stdout, name)


def test_wrong_use_and_nothing_to_read(command, folder, tmp_path):
    assert command("check", tmp_path / "none").returncode == 2
    nothing = command("check", folder)
    assert nothing.returncode == 1
    assert "no file in it" in nothing.stderr
    said = tmp_path / "wrong.toml"
    said.write_text('[columns]\n"sheet_deal.nothing" = "X"\n')
    wrong = command("check", EXPORTS / "words", "--settings", said)
    assert wrong.returncode == 2
    assert "sheet_deal.nothing" in wrong.stderr
    assert "Traceback" not in nothing.stderr + wrong.stderr


# Columns


def test_odd_headers_get_lines_that_make_them_read(checked, tmp_path):
    text, could = checked(EXPORTS / "odd")
    assert not could
    assert "lacks stage_name" in about(text, "Opportunity.csv")
    pasted = block(text)
    assert loaded(tmp_path, pasted).columns == {
        "salesforce_opportunity.stage_name": "Sales Phase",
        "sheet_deal.account": "Kunde",
        "sheet_deal.created_at": "Angelegt am",
        "sheet_deal.stage": "Vertriebsphase",
        "sheet_deal.owner": "Verantwortlich",
        "sheet_deal.amount": "Wert",
        "sheet_deal.lost_reason": "Verlustgrund",
    }
    again, could = checked(EXPORTS / "odd", pasted)
    assert could
    assert "salesforce_opportunity; 3 rows" in about(again, "Opportunity.csv")
    assert "not read Farbe" in about(again, "Vertriebsliste.csv")
    assert "salesforce: 3 deals" in again
    # A column of a custom name is found once its file is known.
    assert loaded(tmp_path, block(again)).columns == {
        "salesforce_opportunity.loss_reason": "Why_We_Lost__c"
    }


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Sales Phase", "stage"),
        ("SalesStage__c", "stage"),
        ("商談フェーズ", "stage"),
        ("Étape", "stage"),
        ("Kunde", "account"),
        ("Motivo de pérdida", "lost_reason"),
    ],
)
def test_headers_of_several_languages_are_matched(header, column):
    sheet = next(t for t in contracts.load(CONTRACTS).objects if t.name == "sheet_deal")
    wanted = next(c for c in sheet.columns if c.name == column)
    texts = preview_columns.meanings(header, preview_columns.labels(RULES))
    score = max(preview_columns.alike(text, key) for text in texts for key in wanted.headers)
    assert score >= preview_columns.ALIKE


@pytest.mark.parametrize(
    ("kind", "cells", "does"),
    [
        ("date", ["2025-01-02", "", "03.04.2025"], True),
        ("date", ["A-1", "B-2"], False),
        ("datetime", ["2024. 3. 29. 오후 6:15"], True),
        ("number", ["$1,200.50", "3,000,000원"], True),
        ("number", ["a dozen"], False),
        ("choice", ["x" * 80], False),
        ("choice", ["", ""], True),
    ],
)
def test_what_a_column_holds_speaks_against_it(kind, cells, does):
    assert preview_columns.holds(kind, cells) is does


def test_a_header_alike_is_not_proposed_against_its_values(checked, folder):
    (folder / "list.csv").write_text(
        "Client,Stage,Creation Dates,Worth\nAlder,Won,blue,10\nBeech,Lost,red,20\n"
    )
    text, _ = checked(folder)
    assert "created_at" in about(text, "list.csv")
    assert "still lacks created_at" in about(text, "list.csv")
    assert "sheet_deal.created_at" not in text


def test_a_file_that_shares_little_is_not_proposed_as_deals(checked, folder):
    shutil.copy(EXPORTS / "words" / "Deals.csv", folder)
    more = ",".join(f"part_{n}" for n in range(40))
    (folder / "parts.csv").write_text(
        f"id,name,created_date,status_c,{more}\n1,Bolt,2025-01-01,on,{',' * 39}\n"
    )
    text, _ = checked(folder)
    assert "status_c" not in block(text)


# Words


def test_words_that_nothing_explains_are_listed_by_count(checked):
    text, _ = checked(EXPORTS / "words")
    pasted = block(text)
    assert [line for line in pasted.splitlines() if re.search("deal|activit", line)] == [
        '"sheet_deal.competitor" = "Competitor named"  # Deals.csv: not read, and named like one',
        '"sheet_deal.drop_reason" = "Why dropped?"  # Deals.csv: not read, and named like one',
        '# "Warm nest" = "..."  # 2 deals',
        '# "둥지 단계" = "..."  # 1 deal',
        '"Expansions" = "existing_business"  # 2 deals read as new business, unlike its name',
        "# No rule knows these; until then the deals' loss counts as unknown, or as a stall.",
        '# "Blue moon" = "..."  # 2 deals',
        '# "Bell\\u0007 # [x] = \'y\'" = "..."  # 1 deal',
        '# "Said \\"no\\" to C:\\\\temp" = "..."  # 1 deal',
        '# "달빛 계획" = "..."  # 1 deal',
        "[activity_types]",
        '# "Machine inspection" = "..."  # 2 activities',
        '"공장 실사" = "meeting"  # 1 activity; by its words',
    ]
    # Every section stands once, and says what is allowed.
    assert re.findall(r"^\[(\w+)\]$", pasted, flags=re.MULTILINE) == list(SECTIONS)
    assert "Allowed: no_decision, budget, incumbent" in pasted


def test_the_block_is_accepted_as_a_file_and_below_the_headings(checked, tmp_path):
    text, _ = checked(EXPORTS / "words")
    alone = loaded(tmp_path, block(text))
    assert alone.pipelines == {"Expansions": "existing_business"}
    assert alone.activity_types == {"공장 실사": "meeting"}
    assert alone.stages == {}
    whole = (ROOT / "nodecision.toml").read_text(encoding="utf-8")
    for part in block(text).split("\n\n"):
        heading, _, lines = part.partition("\n")
        assert whole.count(f"\n{heading}\n") == 1
        whole = whole.replace(f"\n{heading}\n", f"\n{heading}\n{lines}\n")
    assert loaded(tmp_path, whole) == alone
    again, could = checked(EXPORTS / "words", block(text))
    assert could
    assert "공장 실사" not in again
    assert "Expansions" not in block(again)
    assert '"Blue moon"' in block(again)


def test_a_word_filled_in_is_taken(checked):
    text, _ = checked(EXPORTS / "words")
    filled = re.sub(
        r'^# (".*") = "\.\.\."', r'\1 = "disqualified"', block(text), flags=re.MULTILINE
    )
    filled = filled.replace(
        '"Machine inspection" = "disqualified"', '"Machine inspection" = "meeting"'
    )
    again, could = checked(EXPORTS / "words", filled)
    assert could
    assert "every stage, reason and type of activity is known" in again
    assert "unknown_loss" not in again


def test_a_reason_written_nearly_like_a_known_one_is_proposed(checked, folder):
    deals = (EXPORTS / "words" / "Deals.csv").read_text(encoding="utf-8")
    changed = deals.replace("No budgett", "Bad timming").replace("No budget,", "Bad timing,")
    (folder / "Deals.csv").write_text(changed, encoding="utf-8")
    text, _ = checked(folder)
    line = next(li for li in block(text).splitlines() if "timming" in li and "=" in li)
    assert not line.startswith("#")
    assert "written like 'Bad timing'" in block(text)


def test_stages_that_deals_went_on_from_are_proposed_as_open(checked, folder):
    deals = ["Deal ID,Deal Name,Account,Owner,Stage,Created,Closed"]
    moves = ["Deal ID,Changed On,New Stage"]
    for n in range(6):
        deals.append(f"D{n},Deal {n},Account {n},Kim,Won,2025-01-0{n + 1},2025-02-0{n + 1}")
        moves.append(f"D{n},2025-01-0{n + 1},Warm nest")
        moves.append(f"D{n},2025-02-0{n + 1},Won")
    (folder / "Deals.csv").write_text("\n".join(deals) + "\n")
    (folder / "stage_history.csv").write_text("\n".join(moves) + "\n")
    text, _ = checked(folder)
    assert '"Warm nest" = "open"  # 6 deals; 6 of 6 went on from it' in block(text).splitlines()


def test_the_lines_for_a_german_list_make_it_tell_its_endings(checked, told):
    first = block(checked(EXPORTS / "german")[0])
    columns = tomllib.loads(first)["columns"]
    assert columns["sheet_deal.name"] == "Verkaufschance"
    assert columns["sheet_deal.closed_on"] == "Abgeschlossen am"
    second = block(checked(EXPORTS / "german", first)[0])
    found = told(EXPORTS / "german", first + second)
    assert found.rows(
        "select name, status, amount, closed_at::date::varchar from core.deals order by created_at"
    ) == [
        ("Dachsensor", "won", 12500.5, "2024-03-29"),
        ("Lagerlicht", "lost", 3500.0, "2024-02-28"),
        ("Hoftor", "open", 9000.0, None),
        ("Kühlhaus", "lost", 1000.0, "2024-02-13"),
        ("Werkbank", "open", 700.0, None),
    ]


def test_a_stage_named_like_a_reason_is_no_ending_by_its_name(checked, folder):
    (folder / "Deals.csv").write_text(
        "Deal ID,Deal Name,Account,Stage,Created\n"
        "1,Alder,Alder Ltd,Pricing,2025-01-05\n2,Beech,Beech Ltd,Won,2025-01-06\n"
    )
    line = next(line for line in checked(folder)[0].splitlines() if '"Pricing"' in line)
    assert line == '# "Pricing" = "..."  # 1 deal; price, if they end there'


def test_what_the_settings_say_already_is_not_said_twice(tmp_path):
    said = settings.Settings(columns={"sheet_deal.stage": "Old"})
    lines = [
        toml_text.Line("columns", "sheet_deal.stage", ("Phase",), "a.csv", True),
        toml_text.Line("columns", "sheet_deal.account", ("Kunde",), "a.csv", True),
        toml_text.Line("columns", "sheet_deal.account", ("Client",), "b.csv", True),
        toml_text.Line("columns", "sheet_deal.account", ("Client",), "c.csv", True),
    ]
    text = preview_words.merged(lines, said)
    assert loaded(tmp_path, text).columns == {"sheet_deal.account": ("Kunde", "Client")}
    assert '# "sheet_deal.stage" = "Phase"' in text


# Event logs


@pytest.mark.parametrize(
    ("name", "kind", "deals", "outcomes"),
    [
        ("requests", "event_log:requests", 3, {"won": 1, "no_decision": 1, "open": 1}),
        ("permits", "event_log:permits", 2, {"disqualified": 1, "open": 1}),
    ],
)
def test_a_draft_of_a_contract_reads_its_log(checked, tmp_path, con, name, kind, deals, outcomes):
    from pipelines import exports, ingest, seeds
    from pipelines.reading import Options

    draft = block(checked(EXPORTS / "log")[0], f"data/contracts/{name}.toml")
    folder = tmp_path / "contracts"
    shutil.copytree(CONTRACTS, folder)
    (folder / f"{name}.toml").write_text(draft, encoding="utf-8")
    known = contracts.load(folder)
    path = next((EXPORTS / "log").glob(f"{name}.*"))
    report = ingest.ingest(
        con, exports.offered(path, tmp_path / "temp"), known, tmp_path / "temp", Options()
    )
    assert report.loaded == [path.name]
    assert con.execute("select kind, rejected_rows from raw.files").fetchall() == [(kind, 0)]
    seeds.write(con, RULES, settings.load(None).parameters(None), [])
    for query in tables.queries().values():
        if query.schema in ("crm", "core"):
            tables.build(con, query)
    assert con.execute("select count(*) from core.deals").fetchall() == [(deals,)]
    found = dict(
        con.execute("select outcome, count(*) from core.outcomes group by outcome").fetchall()
    )
    assert found == outcomes


def test_a_draft_knows_endings_in_other_languages(checked, folder):
    (folder / "vorgaenge.csv").write_text(
        "Vorgangsnummer;Aktivität;Zeitstempel\n1;Anfrage;05.01.2024 09:00\n"
        "1;Gewonnen;29.01.2024 09:00\n2;Anfrage;06.01.2024 09:00\n2;Verloren;30.01.2024 09:00\n",
        encoding="cp1252",
    )
    draft = block(checked(folder)[0], "data/contracts/vorgaenge.toml")
    rows = [(r["name"], r["maps_to"]) for r in tomllib.loads(draft)["activity"]]
    assert rows == [
        ("Anfrage", "skip"),
        ("Gewonnen", "stage"),
        ("Gewonnen", "outcome"),
        ("Verloren", "stage"),
    ]


def test_a_draft_names_every_activity_with_its_counts(checked):
    draft = block(checked(EXPORTS / "log")[0], "data/contracts/requests.toml")
    told = tomllib.loads(draft)
    assert {row["name"] for row in told["activity"]} == {
        "request_opened",
        "call customer",
        'Sent "draft" \\ 초안',
        "closed won",
        "negotiation",
        "cancelled by customer",
        "closed lost",
    }
    assert told["headers"] == {
        "case": ["Case ID"],
        "activity": ["Event"],
        "time": ["Timestamp"],
        "resource": ["Performer"],
        "lifecycle": ["Transition"],
    }
    assert "# 3 events in 3 cases; no word of it is known." in draft
    # How a lost case ended is not in its name, so it is left to say.
    assert not [
        row for row in told["activity"] if row["name"] == "closed lost" and "outcome" in row
    ]
    assert '# outcome = "..."' in draft
    # Of work with a start and an end only the end is an act.
    calls = [
        (row["maps_to"], row.get("lifecycle"))
        for row in told["activity"]
        if row["name"] == "call customer"
    ]
    assert calls == [("activity", "complete"), ("skip", "start")]


def test_what_cases_go_on_from_is_proposed_as_no_ending(checked, folder):
    lines = ["Case ID,Event,Timestamp"]
    for case in range(4):
        for n, event in enumerate(("asked", "offer cancelled", "a", "b", "c", "closed won")):
            lines.append(f"C{case},{event},2025-01-{n + 1:02d} 09:00:00")
    (folder / "offers.csv").write_text("\n".join(lines) + "\n")
    draft = block(checked(folder)[0], "data/contracts/offers.toml")
    outcomes = {
        row["name"]: row["outcome"]
        for row in tomllib.loads(draft)["activity"]
        if row["maps_to"] == "outcome"
    }
    assert outcomes == {"closed won": "won"}
    assert "# In only 0% of its cases it stands at the end. If it ends them:" in draft


# What can be answered


def test_a_snapshot_of_deals_says_what_it_cannot(checked):
    text, _ = checked(EXPORTS / "snapshot")
    told = " ".join(text.split())
    assert "This is a snapshot of deals as they stand today." in told
    for words in (
        "partly How do deals end? 15 of 30 lost deals have no reason that is known.",
        "no When do buyers go silent, and which deals stall? There are no dated activities",
        "no How often are close dates pushed? No history of close dates",
        "no Does letting go early beat chasing?",
        "stage_history = none 0 of 60 deals",
        "close_date_history = none",
        "activity_level = none",
    ):
        assert words in told
    assert told.index("exports of e-mails, calls and meetings") < told.index("closedate")


def _all_there():
    return {
        "stage_history": "full",
        "close_date_history": "full",
        "activity_level": "timestamped",
        "activity_direction": "native",
        "activity_archived_included": "yes",
        "email_observed_from": "start",
        "lost_reason": "picklist",
        "lost_reason_fill": "0.9",
        "lost_reason_kept_up": "yes",
        "competitor": "yes",
        "quotes": "dated",
        "reopen": "history",
        "leads": "yes",
        "lead_source": "yes",
        "incumbent": "yes",
        "account_link": "yes",
        "sellers": "yes",
        "currency": "single",
    }


MANY = answers.Counts(ended=500, sellers=40, lost=300, unknown=10)


def test_everything_on_record_answers_everything():
    told = answers.answers(_all_there(), MANY)
    assert {answer.answer for answer in told} == {"yes"}
    assert answers.helpful(RULES, "salesforce", told, set()) == []
    assert answers.summary(_all_there()) == ""


@pytest.mark.parametrize(
    ("changed", "counts", "question", "answer", "why"),
    [
        ({"stage_history": "none"}, MANY, "model", "no", "no history of stages"),
        ({"stage_history": "latest_per_stage"}, MANY, "model", "partly", "last entry"),
        ({"activity_direction": "none"}, MANY, "stalls", "no", "no act of a buyer"),
        ({"activity_direction": "none"}, MANY, "comparison", "no", "no act of a buyer"),
        ({"activity_direction": "rules"}, MANY, "stalls", "partly", "subjects"),
        ({"activity_archived_included": "no"}, MANY, "stalls", "partly", "older than a year"),
        ({"email_observed_from": "2025-03"}, MANY, "stalls", "partly", "only from 2025-03"),
        ({"close_date_history": "none"}, MANY, "pushes", "no", "no history of close dates"),
        ({"close_date_history": "truncated20"}, MANY, "pushes", "partly", "last twenty"),
        ({"lost_reason": "none"}, MANY, "outcomes", "partly", "no reasons"),
        ({"lost_reason_fill": "0.2"}, MANY, "outcomes", "partly", "fewer than half"),
        ({"lost_reason_kept_up": "no"}, MANY, "outcomes", "partly", "any more"),
        ({"currency": "multi"}, MANY, "outcomes", "partly", "currencies"),
        ({"quotes": "none"}, MANY, "options", "partly", "only competitors"),
        ({"quotes": "none", "competitor": "no"}, MANY, "options", "no", "neither"),
        ({"lead_source": "no"}, MANY, "origins", "no", "lead source"),
        ({"incumbent": "no"}, MANY, "origins", "partly", "present supplier"),
        ({"account_link": "single"}, MANY, "returns", "no", "more than one deal"),
        ({"sellers": "no"}, MANY, "practice", "no", "no owners"),
        ({}, answers.Counts(ended=20, sellers=40), "model", "no", "too few deals"),
        ({}, answers.Counts(ended=0, sellers=40), "outcomes", "no", "no deal has ended"),
        ({}, answers.Counts(ended=500, sellers=5), "comparison", "partly", "20 sellers"),
        (
            {},
            answers.Counts(ended=500, sellers=40, lost=100, unknown=40),
            "outcomes",
            "partly",
            "40 of 100 lost deals",
        ),
    ],
)
def test_what_is_missing_limits_its_question(changed, counts, question, answer, why):
    told = answers.answers({**_all_there(), **changed}, counts)
    found = next(one for one in told if one.question.name == question)
    assert found.answer == answer
    assert why in "; ".join(found.reasons)


def test_the_file_that_opens_most_answers_stands_first():
    lacking = {
        **_all_there(),
        "stage_history": "none",
        "close_date_history": "none",
        "reopen": "none",
        "lead_source": "no",
    }
    told = answers.answers(lacking, MANY)
    found = answers.helpful(RULES, "salesforce", told, set())
    assert found[0][0] == "OpportunityHistory"
    assert len(found[0][1]) >= 4
    assert [file for file, _ in found][1:] == ["deals with the way they came in"]
    # What is there already is not asked for.
    kinds = {"salesforce_opportunity_history"}
    files = [file for file, _ in answers.helpful(RULES, "salesforce", told, kinds)]
    assert "OpportunityHistory" not in files


def test_questions_ask_for_capabilities_that_exist():
    said = set(re.findall(r"'([a-z_]+)'", tables.queries()["core.capabilities"].sql))
    derived = set(answers.derived(_all_there(), MANY)) - set(_all_there())
    asked = {need.capability for question in questions.QUESTIONS for need in question.needs}
    assert asked <= said | derived
    assert set(_all_there()) <= said


# Capabilities


@pytest.mark.parametrize(
    ("export", "source", "expected"),
    [
        (
            "hubspot/labels",
            "hubspot",
            {
                "stage_history": "latest_per_stage",
                "close_date_history": "none",
                "activity_direction": "native",
                "reopen": "inferred",
                "roles": "derived",
                "next_step": "tasks",
            },
        ),
        (
            "hubspot/internal",
            "hubspot",
            {"stage_history": "full", "close_date_history": "full", "activity_level": "none"},
        ),
        (
            "sheet/english",
            "sheet",
            {"stage_history": "full", "close_date_history": "none", "account_link": "single"},
        ),
        (
            "check/snapshot",
            "hubspot",
            {
                "stage_history": "none",
                "close_date_history": "none",
                "expected_close": "yes",
                "activity_level": "none",
                "activity_direction": "none",
                "email_observed_from": "none",
                "lost_reason": "picklist",
                "lost_reason_fill": "0.5",
                "account_link": "no",
                "currency": "single",
                "reopen": "none",
                "deleted_included": "unknown",
                "activity_archived_included": "unknown",
            },
        ),
    ],
)
def test_capabilities_of_real_layouts(told, export, source, expected):
    core = told(EXPORTS.parent / export)
    found = dict(
        core.con.execute(
            "select capability, value from core.capabilities where source = $1", [source]
        ).fetchall()
    )
    assert {name: found[name] for name in expected} == expected


def test_reasons_by_quarter_of_closing(told):
    core = told(EXPORTS / "words")
    assert core.rows(
        "select source, quarter, lost, with_reason from core.reason_quarters order by quarter_no"
    ) == [("sheet", "2025-Q1", 4, 4), ("sheet", "2025-Q2", 3, 3)]


def _sheet(folder, deals, acts=()):
    (folder / "Deals.csv").write_text(
        "Deal ID,Deal Name,Account,Owner,Stage,Created,Closed,Loss Reason\n"
        + "\n".join(deals)
        + "\n"
    )
    if acts:
        (folder / "activities.csv").write_text(
            "Date,Deal ID,Type,Direction,Owner,Notes\n" + "\n".join(acts) + "\n"
        )


def _value(core, capability):
    return core.rows(f"select value from core.capabilities where capability = '{capability}'")[0][0]


@pytest.mark.parametrize("is_archived", [True, False])
def test_activities_that_end_a_year_back_were_archived(told, folder, is_archived):
    from datetime import date, timedelta

    newest = date(2025, 12, 31)
    deals = [f"D{n},Deal {n},Account {n},Kim,Demo,2024-06-0{n % 9 + 1},," for n in range(20)]
    acts = []
    for ago in range(1, 500):
        day = newest - timedelta(days=ago - 1)
        if not (is_archived and ago > 365):
            acts.append(f"{day},D{ago % 20},Call,out,Kim,call {ago}")
    _sheet(folder, deals, acts)
    expected = "no" if is_archived else "yes"
    assert _value(told(folder), "activity_archived_included") == expected


def test_mail_that_began_later_is_told_with_its_month(told, folder):
    deals = [f"D{n},Deal {n},Account {n},Kim,Demo,2025-0{n}-01,," for n in range(1, 8)]
    acts = [
        "2025-02-03,D1,Call,out,Kim,hello",
        "2025-06-10,D5,Email,in,Kim,answer",
        "2025-06-12,D5,Email,out,Kim,answer back",
    ]
    _sheet(folder, deals, acts)
    core = told(folder)
    assert _value(core, "email_observed_from") == "2025-06"
    acts[0] = "2025-01-20,D1,Email,out,Kim,hello"
    _sheet(folder, deals, acts)
    assert _value(told(folder), "email_observed_from") == "start"


@pytest.mark.parametrize(("late", "expected"), [("", "no"), ("No budget", "yes")])
def test_reasons_that_are_filled_in_no_more(told, folder, late, expected):
    deals = [
        f"D{n},Deal {n},Account {n},Kim,Lost,2024-01-01,2024-0{n % 6 + 1}-15,No budget"
        for n in range(30)
    ]
    deals += [
        f"E{n},Late {n},Account {n},Kim,Lost,2024-06-01,2025-0{n % 6 + 1}-15,{late}"
        for n in range(30)
    ]
    _sheet(folder, deals)
    assert _value(told(folder), "lost_reason_kept_up") == expected


def test_the_last_twenty_dates_are_no_whole_history(told, folder):
    rows = ["Record ID,Deal Name,Deal Stage,Pipeline,Amount,Close Date,Create Date"]
    history = ["Object ID,Property,Value,Timestamp,Change source,Updated by user ID"]
    for deal in (1, 2, 3):
        rows.append(f"{deal},Deal {deal},Contract Sent,Sales,10,2025-12-01 10:00,2025-01-01 09:00")
        history.append(f"{deal},dealstage,Contract Sent,2025-01-01T09:00:00Z,CRM_UI,801")
        for n in range(20 if deal < 3 else 4):
            history.append(
                f"{deal},closedate,2025-{3 + n // 3:02d}-{1 + n % 3 * 9:02d},"
                f"2025-01-{n + 2:02d}T09:00:00Z,CRM_UI,801"
            )
    (folder / "deals.csv").write_text("\n".join(rows) + "\n")
    (folder / "property-history.csv").write_text("\n".join(history) + "\n")
    assert _value(told(folder), "close_date_history") == "truncated20"


def test_labels_are_headers_as_they_are_compared():
    assert all(label == header_key(label) for label in preview_columns.labels(RULES))
