"""Event logs: read as a stream, known by their activities, mapped by a contract."""

import gzip
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from pipelines import contracts, exports, ingest, warehouse
from pipelines.contracts import ContractError
from pipelines.exports import ExportError
from pipelines.loading import Options

ROOT = Path(__file__).resolve().parents[1]
CONTRACTS = ROOT / "data" / "contracts"
LOG = """<?xml version="1.0" encoding="UTF-8"?>{before}
<log xmlns="http://www.xes-standard.org/">
<global scope="trace"><string key="concept:name" value="default"/></global><trace>
<date key="REG_DATE" value="2011-10-01T00:38:44.546+02:00"/>
<string key="concept:name" value="1"/>
<string key="AMOUNT_REQ" value="{amount}"><string key="AMOUNT_REQ" value="7"/></string>
{events}{after}</trace></log>"""
EVENT = """<event><string key="concept:name" value="{name}"/>
<string key="org:resource" value="11"/>
<list key="more"><string key="concept:name" value="within"/></list>
<string key="lifecycle:transition" value="COMPLETE"/>
<date key="time:timestamp" value="2011-10-01T{hour:02}:00:00+02:00"/></event>"""
NAMES = (
    "A_SUBMITTED",
    "A_PARTLYSUBMITTED",
    "A_PREACCEPTED",
    "A_ACCEPTED",
    "A_FINALIZED",
    "O_CREATED",
    "O_SENT",
    "O_SENT_BACK",
    "A_CANCELLED",
)


def written(names=NAMES, amount="5000", before="", after=""):
    return LOG.format(
        before=before,
        amount=amount,
        after=after,
        events="".join(EVENT.format(name=n, hour=h) for h, n in enumerate(names)),
    )


@pytest.fixture
def con():
    with warehouse.in_memory() as con:
        yield con


@pytest.fixture
def read(con, tmp_path):
    def read(text, name="log.xes", folder=CONTRACTS):
        place = tmp_path / "exports"
        place.mkdir(exist_ok=True)
        (place / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        temp = tmp_path / "temp"
        return ingest.ingest(
            con, exports.offered(place, temp), contracts.load(folder), temp, Options()
        )

    return read


def rows(con, sql):
    return con.execute(sql).fetchall()


@pytest.mark.parametrize("packed", [False, True])
def test_a_log_is_known_by_its_activities(con, read, packed):
    data = written().encode()
    read(gzip.compress(data) if packed else data, "log.xes.gz" if packed else "log.xes")
    found = rows(con, "select * from raw.event_log_event order by _line")
    assert len(found) == len(NAMES)
    assert found[0][:8] == (
        "1",
        "A_SUBMITTED",
        datetime(2011, 9, 30, 22),
        "11",
        "COMPLETE",
        datetime(2011, 9, 30, 22, 38, 44),
        5000.0,
        "bpic2012",
    )
    assert rows(con, "select kind, rows, rejected_rows from raw.files") == [
        ("event_log:bpic2012", len(NAMES), 0)
    ]


def test_the_same_log_as_a_table_reads_the_same(con, read):
    read(written())
    columns = "case_id, activity, happened_at, resource, lifecycle, case_created_at, contract"
    ordered = (
        f"select {columns}, case_amount from raw.event_log_event where _file = '{{}}' order by 3"
    )
    from_xes = rows(con, ordered.format("log.xes"))
    lines = "".join(
        f"1;{name};2011-10-01T{hour:02}:00:00+02:00;11;COMPLETE;2011-10-01 00:38:44+02;5000\n"
        for hour, name in enumerate(NAMES)
    )
    header = "Case ID;Activity;Timestamp;Resource;lifecycle;case:REG_DATE;AMOUNT_REQ\n"
    read(header + lines, "log.csv")
    assert rows(con, ordered.format("log.csv")) == from_xes


def test_an_unknown_log_names_the_nearest_contract(read):
    with pytest.raises(ExportError, match="nearest is bpic2012 with 1 activities in common"):
        read(written(["A_SUBMITTED", "Bake", "Eat"]))


@pytest.mark.parametrize("time", ["yesterday", "", "1970-01-01T00:00:00+00:00"])
def test_an_event_without_a_usable_time_is_refused_by_number(con, read, time):
    read(written().replace("2011-10-01T03:00:00+02:00", time))
    assert rows(con, "select line, column_name, value, is_line_refused from raw.rejects") == [
        (4, "happened_at", time or None, True)
    ]
    assert rows(con, "select rows, rejected_rows from raw.files") == [(len(NAMES) - 1, 1)]


def test_an_amount_that_is_no_number_is_unknown_and_reported(con, read):
    read(written(amount="much"))
    assert rows(con, "select distinct case_amount from raw.event_log_event") == [(None,)]
    assert rows(con, "select distinct column_name, value, is_line_refused from raw.rejects") == [
        ("case_amount", "much", False)
    ]


@pytest.mark.parametrize("padding", ["", "<!--" + "x" * 100_000 + "-->"])
def test_a_document_type_is_refused_wherever_it_stands(read, padding):
    with pytest.raises(ExportError, match=r"log\.xes: XML with a document type"):
        read(written(before=f'{padding}<!DOCTYPE x [<!ENTITY a "b">]>'))


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1"])
def test_an_encoding_that_the_log_declares(con, read, encoding):
    read(written().replace("UTF-8", encoding).encode(encoding))
    assert rows(con, "select count(*) from raw.event_log_event") == [(len(NAMES),)]


def test_a_case_attribute_after_events_is_refused_with_its_line(read):
    with pytest.raises(ExportError, match=r"log\.xes, line \d+: the case attribute 'x' stands"):
        read(written(after='<string key="x" value="y"/>'))


@pytest.mark.parametrize("cut", [300, -20])
def test_a_cut_log_is_refused(read, cut):
    with pytest.raises(ExportError, match=r"log\.xes: broken XML .*get it again"):
        read(written()[:cut])


def test_a_contract_names_the_attributes(con, read, tmp_path):
    text = (CONTRACTS / "bpic2012.toml").read_text(encoding="utf-8")
    mine = tmp_path / "contracts"
    mine.mkdir()
    (mine / "mine.toml").write_text(
        text.replace('"bpic2012"', '"mine"').replace("case:amount_req", "case:budget"),
        encoding="utf-8",
    )
    read(written().replace('key="AMOUNT_REQ" value="5', 'key="Budget" value="6'), folder=mine)
    assert rows(con, "select distinct contract, case_amount from raw.event_log_event") == [
        ("mine", 6000.0)
    ]


@pytest.mark.parametrize(
    ("said", "instead", "why"),
    [
        ('maps_to = "option"', 'maps_to = "offer"', "'O_CREATED' needs maps_to, one of stage"),
        ('direction = "inbound"', 'direction = "in"', "has direction = 'in'; known are outbound"),
        ('option_kind = "ours"\n', "", "is a option without option_kind"),
        ('case = ["case"', 'deal = ["case"', r"\[headers\] needs case, activity, time"),
        ("least_known = 8", "", "the key 'least_known' is missing"),
        ("status = ", "state = ", "knows no state"),
    ],
)
def test_a_wrong_contract_names_file_and_mistake(tmp_path, said, instead, why):
    text = (CONTRACTS / "bpic2012.toml").read_text(encoding="utf-8")
    assert said in text
    (tmp_path / "x.toml").write_text(text.replace(said, instead, 1), encoding="utf-8")
    with pytest.raises(ContractError, match=rf"x\.toml: .*{why}"):
        contracts.load(tmp_path)


COUNT = """
import re, sys
from pathlib import Path
from pipelines import contracts, exports, ingest, warehouse
from pipelines.loading import Options
temp = Path(sys.argv[2])
with warehouse.opened(temp / "w.duckdb") as con:
    found = exports.offered(Path(sys.argv[1]), temp)
    ingest.ingest(con, found, contracts.load(Path("data/contracts")), temp, Options())
# The peak of this program: getrusage would count that of the one that started it too.
print(int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""
OUTCOMES = """
with endings as (
    select e.case_id, min_by(m.outcome, e._line) as outcome
    from raw.event_log_event as e
    join raw.event_log_mapping as m
        on e.activity = m.activity and m.maps_to = 'outcome' and m.lifecycle in ('', e.lifecycle)
    group by e.case_id
)

select coalesce(n.outcome, 'open'), count(*)
from (select distinct case_id from raw.event_log_event) as c
left join endings as n using (case_id)
group by 1 order by 1
"""


def test_the_real_event_log_needs_little_memory_and_ends_as_published(shared_data, tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", COUNT, str(shared_data / "bpic2012"), str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert int(done.stdout) < 512
    with warehouse.opened(tmp_path / "w.duckdb") as con:
        assert rows(con, "select count(*), count(distinct case_id) from raw.event_log_event") == [
            (262_200, 13_087)
        ]
        assert dict(rows(con, OUTCOMES)) == {
            "won": 2_246,
            "disqualified": 7_635,
            "no_decision": 2_807,
            "open": 399,
        }
        unmapped = """
            select distinct activity, lifecycle from raw.event_log_event as e where not exists (
                select 1 from raw.event_log_mapping as m
                where m.activity = e.activity and m.lifecycle in ('', e.lifecycle))
        """
        assert rows(con, unmapped) == []
