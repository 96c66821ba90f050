"""The whole flow as a user runs it: twice, with broken input, and killed on the way."""

import json
import os
import shutil
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "data" / "sample"
# A table of each hop whose progress line is the moment to kill at.
HOPS = (
    "raw.salesforce_task",
    "core.settings",
    "core.activities",
    "features.activity_weeks",
    "marts.stall_scores",
    "marts.worklist",
)


def tree(folder):
    """Every file of a folder with its bytes."""
    root = Path(folder).resolve()
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


def different(left, right):
    names = left.keys() | right.keys()
    return sorted(name for name in names if left.get(name) != right.get(name))


def tables_of(home):
    import duckdb

    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        names = con.execute(
            "select schema_name || '.' || table_name from duckdb_tables() "
            "where schema_name in ('core', 'features', 'marts') order by 1"
        ).fetchall()
        return {
            name: con.execute(f"select count(*), bit_xor(hash(t)) from {name} t").fetchall()
            for (name,) in names
        }


def test_a_second_run_gives_the_same_bytes(sample_home, command):
    before = tree(sample_home / "published" / "latest")
    tables = tables_of(sample_home)
    done = command("run", "--exports", SAMPLE, "--home", sample_home)
    assert done.returncode in (0, 3), done.stderr
    assert different(before, tree(sample_home / "published" / "latest")) == []
    assert tables_of(sample_home) == tables
    assert len([p for p in (sample_home / "published").iterdir() if p.name[0].isdigit()]) == 1


def run_and_kill(exports, home, table):
    """Start a run and kill -9 its process when the progress says that `table` was made."""
    process = subprocess.Popen(
        [
            str(Path(sys.executable).with_name("nodecision")),
            "run",
            "--exports",
            str(exports),
            "--home",
            str(home),
        ],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    )
    for line in process.stderr:
        if table in line:
            os.kill(process.pid, signal.SIGKILL)
            break
    process.wait(timeout=60)
    assert process.returncode == -signal.SIGKILL, f"{table} was never made"


def test_killed_in_each_hop_then_run_again(small_exports, small_home, command, tmp_path):
    for table in HOPS:
        run_and_kill(small_exports, tmp_path, table)
        assert not (tmp_path / "published" / "latest").exists()
    done = command("run", "--exports", small_exports, "--home", tmp_path)
    assert done.returncode in (0, 3), done.stderr
    assert (
        different(
            tree(small_home / "published" / "latest"), tree(tmp_path / "published" / "latest")
        )
        == []
    )
    assert tables_of(tmp_path) == tables_of(small_home)


def broken_empty(folder):
    return "no file in it"


def broken_unknown(folder):
    with zipfile.ZipFile(folder / "notes.zip", "w") as archive:
        archive.writestr("Notes.csv", "Colour,Taste\nred,sweet\n")
    return "notes.zip!Notes.csv"


def broken_truncated(folder):
    whole = next(SAMPLE.glob("*.ZIP")).read_bytes()
    (folder / "WE_1.zip").write_bytes(whole[: len(whole) // 2])
    return "WE_1.zip: the zip cannot be read"


def broken_no_id(folder):
    (folder / "Opportunity.csv").write_text(
        "Name,StageName,CloseDate,CreatedDate\nA,Qualification,2026-01-01,2026-01-01\n"
    )
    return "lacks the column id"


def broken_dates(folder):
    (folder / "Opportunity.csv").write_text(
        "Id,Name,StageName,CloseDate,CreatedDate\n"
        "006000000000001AAA,A,Qualification,03/04/2026,2026-01-01\n"
    )
    return "salesforce_opportunity.close_date"


def test_a_second_run_beside_the_first_leaves_with_a_message(small_home, command, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(small_home, home, symlinks=True)
    before = tree(home / "published" / "latest")
    path = home / "warehouse.duckdb"
    code = (
        f"import duckdb, time; c = duckdb.connect({str(path)!r}); "
        "print('open', flush=True); time.sleep(600)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    try:
        holder.stdout.readline()
        done = command("run", "--home", home)
    finally:
        holder.kill()
        holder.wait()
    assert done.returncode == 1
    assert "another process has the warehouse open" in done.stderr
    assert f"PID {holder.pid}" in done.stderr
    assert f"The last good report stays: {home / 'published' / 'latest'}" in done.stderr
    assert tree(home / "published" / "latest") == before


@pytest.mark.parametrize(
    "broken", [broken_empty, broken_unknown, broken_truncated, broken_no_id, broken_dates]
)
def test_broken_input_leaves_yesterdays_report(broken, small_home, command, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(small_home, home, symlinks=True)
    before = tree(home / "published" / "latest")
    exports = tmp_path / "exports"
    exports.mkdir()
    expected = broken(exports)
    done = command("run", "--exports", exports, "--home", home)
    assert done.returncode == 1
    assert expected in done.stderr
    assert "Traceback" not in done.stderr
    assert "last good report stays" in done.stderr
    assert different(before, tree(home / "published" / "latest")) == []
    assert tables_of(home) == tables_of(small_home)


def test_progress_can_be_json(command, tmp_path):
    """One object a line, a step with its rows and seconds, and how it ended."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports" / "Opportunity.csv").write_text(
        "Id,AccountId,Name,StageName,CloseDate,CreatedDate,IsClosed,IsWon\n", encoding="utf-8"
    )
    asked = ("run", "--exports", tmp_path / "exports", "--home", tmp_path / "home")
    done = command(*asked, "--log", "json")
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert len({line["run"] for line in lines if "run" in line}) == 1
    assert all(line["at"] for line in lines)
    made = {line["what"]: line for line in lines if line["event"] == "made"}
    assert made["core.mappings"]["rows"] == 0 and made["core.mappings"]["seconds"] >= 0
    stopped = [line["what"] for line in lines if line.get("severity") == "error"]
    assert stopped == ["parameters_key"]
    assert lines[-1]["event"] == "failed" and "parameters_key" in lines[-1]["failed_step"]


def test_the_next_report_names_the_failed_night(small_exports, small_home, command, tmp_path):
    home = tmp_path / "home"
    shutil.copytree(small_home, home, symlinks=True)
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    assert command("run", "--exports", nothing, "--home", home).returncode == 1
    done = command("run", "--exports", small_exports, "--home", home)
    assert done.returncode in (0, 3), done.stderr
    told = (home / "published" / "latest" / "en" / "index.html").read_text(encoding="utf-8")
    assert "no file in it" in told


def test_wrong_use_is_exit_code_two(command, tmp_path):
    settings = tmp_path / "s.toml"
    settings.write_text("[comparison]\ngrace = 3\n")
    done = command("run", "--settings", settings)
    assert done.returncode == 2
    assert "line 2: comparison.grace" in done.stderr
    assert command("run", "--exports", tmp_path / "none").returncode == 2
    assert command("run", "--as-of", "yesterday").returncode == 2
    assert command("replay", "--from", "yesterday").returncode == 2
    assert command("replay", "--from", "2026-01-01", "--every", "now").returncode == 2
    nowhere = command("replay", "--from", "2026-01-01", "--home", tmp_path)
    assert (nowhere.returncode, "no warehouse yet" in nowhere.stderr) == (1, True)


def test_help_names_every_command(command):
    said = command("--help").stdout
    assert all(word in said for word in ("run", "replay", "check", "sample", "explain"))
    assert "doctor" in said and "alerts" in said


def test_check_says_what_the_export_can_answer(command):
    done = command("check", SAMPLE)
    assert done.returncode == 0, done.stderr
    assert "salesforce_opportunity" in done.stdout
    assert "stage_history = full" in done.stdout


def told(home, deal):
    from pipelines import story
    from pipelines.night import Night

    return "\n".join(story.lines(Night(home=str(home)), deal))


@pytest.fixture(scope="module")
def pick(sample_home):
    """The first deal of the sample for which a condition on its tables holds."""
    import duckdb

    def pick(condition):
        with duckdb.connect(str(sample_home / "warehouse.duckdb"), read_only=True) as con:
            return con.execute(
                "select d.source_id, d.deal_id from core.deals d "
                "join core.outcomes o using (deal_id) "
                "left join features.decision_points p using (deal_id) "
                "left join (select distinct deal_id from marts.stall_scores) s using (deal_id) "
                f"where {condition} order by 1 limit 1"
            ).fetchall()[0]

    return pick


def test_explain_follows_a_deal(sample_home, command, pick):
    deal, _ = pick("p.deal_id is not null and s.deal_id is not null")
    done = command("explain", deal, "--home", sample_home)
    assert done.returncode == 0, done.stderr
    for word in (
        "Lines of the exports",
        "Opportunity.csv: line",
        "stage:",
        "amount:",
        "== INDECISION SIGNAL",
        "== end of grace, 14 days after the signal",
        "Outcome: open",
        "Strategy after",
        "  because ",
        "What was known at the end of 2026-06-30",
        "silence: silence_days",
        "within 90 days",
        "because of",
        "deals in stage",
        "Worklist: ",
        "as nights before have scored it",
    ):
        assert word in done.stdout, done.stdout
    assert command("explain", "nobody", "--home", sample_home).returncode == 1


def test_explain_tells_a_closed_deal_to_its_end(sample_home, pick):
    said = told(sample_home, pick("d.status = 'lost' and p.strategy = 'disqualify'")[0])
    timeline = said.split("What happened\n")[1].split("Outcome:")[0].splitlines()
    times = [line.strip()[:16] for line in timeline]
    assert times == sorted(times)
    assert any("== CLOSED: lost" in line for line in timeline)
    assert "because the seller ended it by their own act" in said
    assert "Score: none" in said


def test_explain_tells_a_stalled_deal(sample_home, pick):
    said = told(sample_home, pick("o.rule = 'stalled_open'")[1])
    assert "== STALL, not broken since" in said
    assert "  stalled since" in said
    assert "Outcome: no_decision (rule stalled_open" in said


def test_explain_says_what_earlier_nights_said(sample_home, pick, tmp_path):
    import duckdb

    deal, deal_id = pick("s.deal_id is not null")
    shutil.copytree(sample_home, tmp_path / "home", symlinks=True)
    with duckdb.connect() as con:
        con.execute(
            "copy (select $1 as deal_id, date '2026-02-01' as predicted_on, 90 as horizon_days, "
            "0.25 as p_no_decision, 0.5 as p_no_decision_if_pursued, true as is_flagged, "
            "true as is_held_out, 'logit' as model, false as is_replayed, 1 as entry) "
            f"to '{tmp_path}/home/ledger/2026-02-01-x.parquet' (format parquet)",
            [deal_id],
        )
    said = told(tmp_path / "home", deal)
    assert "2026-02-01  25%, if pursued 50%  (flagged, held out, by logit)" in said


def test_explain_asks_which_where_several_sources_have_the_id(sample_home, pick, tmp_path):
    import duckdb

    from pipelines.story import NoSuchDeal

    deal, deal_id = pick("d.status = 'open'")
    shutil.copy(sample_home / "warehouse.duckdb", tmp_path)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        con.execute(
            "insert into core.deals select * replace ('other:' || source_id as deal_id, "
            "'other' as source) from core.deals where deal_id = $1",
            [deal_id],
        )
    with pytest.raises(NoSuchDeal, match=f"other:{deal}, {deal_id}. Name one"):
        told(tmp_path, deal)
    assert told(tmp_path, deal_id).startswith(deal_id)


def test_doctor_looks_at_the_installation(sample_home, command):
    done = command("doctor", "--home", sample_home)
    assert done.returncode == 0, done.stdout
    assert "latest report" in done.stdout


def test_hostile_names_are_text_everywhere(published):
    page = (published / "en" / "worklist.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    for path in (published / "tables").glob("*.csv"):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert not line.startswith(("=", '"=')) and ",=cmd" not in line and ',"=cmd' not in line


def test_summary_follows_its_schema(published):
    import jsonschema

    summary = json.loads((published / "summary.json").read_text(encoding="utf-8"))
    schema = json.loads((published / "summary.schema.json").read_text(encoding="utf-8"))
    jsonschema.validate(summary, schema)
