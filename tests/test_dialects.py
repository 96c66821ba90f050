"""Any table written in any dialect comes back as it was; no order of lines or files matters."""

import csv
import datetime as dt
import gzip
import io
import json
import random
import shutil
import zipfile
from dataclasses import dataclass
from pathlib import Path
from unicodedata import normalize

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

EXPORTS = Path(__file__).parent / "exports"
HEADER = (
    "Record ID",
    "Deal Name",
    "Deal Stage",
    "Pipeline",
    "Amount",
    "Return Date",
    "Create Date",
    "Is Closed Won",
    "Closed Lost Reason Detail",
)
LATIN = "äöüßéèñçÄÖÜ"
HANGUL = "한빛소프트웨어가나다라"
PLAIN = "abzAZ019 .-'\"\\,;\t|:#@=+/()%&<>\n"
# Whole words, so that the encoding of a file can be told from its letters.
WORDS = {"cp949": "한빛소프트웨어 영업관리", "cp1252": "Ärzte für Müller é"}
LETTERS = {"cp949": HANGUL, "cp1252": LATIN}
YES = ("true", "TRUE", "1", "Yes", "y", "t")
NO = ("false", "FALSE", "0", "No", "n", "f")
WIDE_YES, WIDE_NO = ("예", "✓"), ("아니요",)
SHAPES = ("plain", "quoted", "sep", "gz", "zip")
OTHERS = ("xlsx", "parquet", "json", "jsonl")


@dataclass(frozen=True)
class Deal:
    """One deal as it is meant, and the forms its values are written in."""

    id: str
    name: str
    amount: float | None
    returns_on: dt.date | None
    created_at: dt.datetime
    is_won: bool | None
    detail: str
    money: str
    truth: int

    def told(self):
        """As raw should tell it."""
        return (
            self.id,
            normalize("NFC", self.name) or None,
            self.amount,
            self.returns_on,
            self.created_at,
            self.is_won,
            normalize("NFC", self.detail) or None,
        )

    def cells(self, encoding):
        """As a text file writes it."""
        words = {True: YES, False: NO}
        if encoding not in LETTERS:
            words = {True: YES + WIDE_YES, False: NO + WIDE_NO}
        kind = () if self.is_won is None else words[self.is_won]
        return [
            self.id,
            self.name,
            "Contract Sent",
            "Sales",
            "" if self.amount is None else self.money.format(self.amount),
            "" if self.returns_on is None else self.returns_on.isoformat(),
            self.created_at.strftime("%Y-%m-%d %H:%M:%S"),
            kind[self.truth % len(kind)] if kind else "",
            self.detail,
        ]


def texts(encoding):
    letters = PLAIN + LETTERS.get(encoding, LATIN + HANGUL + "e\u0301日🙂")
    free = st.text(st.sampled_from(letters), max_size=12)
    odd = st.sampled_from(
        ["", " ", "=1+1", "+x", "-2", "@a", '"', '""', "'", ",", "a\nb", " x ", "None", "NULL", "0"]
    )
    return free | odd


@st.composite
def tables(draw, encoding="utf-8"):
    deals = st.builds(
        Deal,
        id=st.from_regex(r"\A0{0,3}[1-9][0-9]{3,8}[1-9]\Z"),
        name=texts(encoding),
        amount=st.none() | st.integers(-(10**9), 10**9).map(lambda cents: cents / 100),
        returns_on=st.none() | st.dates(dt.date(2000, 1, 2), dt.date(2099, 12, 30)),
        created_at=st.datetimes(dt.datetime(2001, 1, 1), dt.datetime(2098, 1, 1)).map(
            lambda moment: moment.replace(microsecond=0)
        ),
        is_won=st.none() | st.booleans(),
        detail=texts(encoding),
        money=st.sampled_from(("{:.2f}", "{:,.2f}", "${:,.2f}", "USD {:,.2f}")),
        truth=st.integers(0, 99),
    )
    found = draw(st.lists(deals, min_size=1, max_size=6, unique_by=lambda deal: deal.id))
    if encoding in WORDS:
        first = found[0]
        found[0] = Deal(**(vars(first) | {"name": WORDS[encoding]}))
    return found


@st.composite
def dialects(draw):
    encoding = draw(st.sampled_from(("utf-8", "utf-8-sig", "utf-16", "cp949", "cp1252")))
    return (
        encoding,
        draw(st.sampled_from((",", ";", "\t", "|"))),
        draw(st.sampled_from(("\n", "\r\n"))),
        draw(st.sampled_from(SHAPES)),
    )


def as_text(deals, encoding, delimiter, ending, shape):
    text = io.StringIO()
    if shape == "sep":
        text.write(f"sep={delimiter}{ending}")
    quoting = csv.QUOTE_ALL if shape == "quoted" else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=delimiter, lineterminator=ending, quoting=quoting)
    writer.writerow(HEADER)
    writer.writerows(deal.cells(encoding) for deal in deals)
    return text.getvalue().encode(encoding)


def write_text(folder, deals, encoding, delimiter, ending, shape):
    data = as_text(deals, encoding, delimiter, ending, shape)
    if shape == "gz":
        (folder / "deals.csv.gz").write_bytes(gzip.compress(data))
    elif shape == "zip":
        with zipfile.ZipFile(folder / "export.zip", "w") as archive:
            archive.writestr("hubspot/deals.csv", data)
    else:
        (folder / "deals.csv").write_bytes(data)


def typed(deal):
    return dict(
        zip(
            HEADER,
            (
                deal.id,
                deal.name,
                "Contract Sent",
                "Sales",
                deal.amount,
                deal.returns_on,
                deal.created_at,
                deal.is_won,
                deal.detail,
            ),
            strict=True,
        )
    )


def write_other(folder, deals, kind):
    rows = [typed(deal) for deal in deals]
    if kind == "xlsx":
        book = xlsxwriter.Workbook(folder / "deals.xlsx", {"default_date_format": "yyyy-mm-dd"})
        page = book.add_worksheet("deals")
        page.write_row(0, 0, HEADER)
        for n, row in enumerate(rows, start=1):
            for k, value in enumerate(row.values()):
                if isinstance(value, str):
                    page.write_string(n, k, value)
                elif isinstance(value, (dt.date, dt.datetime)):
                    page.write_datetime(n, k, value)
                elif value is not None:
                    page.write(n, k, value)
        book.close()
    elif kind == "parquet":
        columns = {name: [row[name] for row in rows] for name in HEADER}
        types = dict.fromkeys(HEADER, pa.string()) | {
            "Amount": pa.float64(),
            "Return Date": pa.date32(),
            "Create Date": pa.timestamp("us"),
            "Is Closed Won": pa.bool_(),
        }
        arrays = [pa.array(columns[name], types[name]) for name in HEADER]
        pq.write_table(pa.table(arrays, names=list(HEADER)), folder / "deals.parquet")
    else:
        told = [json.dumps(row, ensure_ascii=False, default=str) for row in rows]
        text = f"[{','.join(told)}]" if kind == "json" else "\n".join(told)
        (folder / f"deals.{kind}").write_text(text, encoding="utf-8")


def read_back(con, read, folder, write):
    """What raw tells of the deals of one file; the warehouse is the same for every table."""
    for old in folder.iterdir():
        old.unlink()
    write(folder)
    report = read(folder, full=True)
    assert report.warnings == []
    rejects = con.execute("select line, column_name, value, reason from raw.rejects").fetchall()
    assert rejects == []
    return con.execute(
        "select id, deal_name, try_cast(amount as double), try_cast(return_date as date), "
        "try_cast(created_at as timestamp), try_cast(is_won as boolean), lost_reason_detail "
        "from raw.hubspot_deal order by _line"
    ).fetchall()


many = settings(
    max_examples=70,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@many
@given(data=st.data(), dialect=dialects())
def test_a_table_in_any_dialect_of_text_comes_back(con, read, folder, data, dialect):
    deals = data.draw(tables(dialect[0]))
    found = read_back(con, read, folder, lambda place: write_text(place, deals, *dialect))
    assert found == [deal.told() for deal in deals]


@settings(many, max_examples=30)
@given(deals=tables(), kind=st.sampled_from(OTHERS))
def test_a_table_in_any_other_kind_of_file_comes_back(con, read, folder, deals, kind):
    found = read_back(con, read, folder, lambda place: write_other(place, deals, kind))
    assert found == [deal.told() for deal in deals]


def core_of(told):
    return {
        table: sorted(told.rows(f"select * from core.{table}"), key=repr)
        for table in ("deals", "stage_changes", "activities", "accounts", "sellers", "outcomes")
        if told.rows(
            "select 1 from information_schema.tables "
            f"where table_schema = 'core' and table_name = '{table}'"
        )
    }


@pytest.mark.parametrize("export", ["hubspot/labels", "sheet/english"])
def test_no_order_of_lines_or_files_changes_what_is_known(told, folder, export):
    dice = random.Random(7)
    as_given, shuffled = folder / "given", folder / "shuffled"
    shutil.copytree(EXPORTS / export, as_given)
    for place in sorted((EXPORTS / export).iterdir()):
        text = place.read_text(encoding="utf-8-sig")
        header, *rows = list(csv.reader(io.StringIO(text)))
        dice.shuffle(rows)
        # The files come in another order too, by the folders they lie in.
        where = shuffled / f"{dice.random():.6f}"
        where.mkdir(parents=True)
        with (where / place.name).open("w", encoding="utf-8", newline="") as target:
            csv.writer(target).writerows([header, *rows])
    first = core_of(told(as_given))
    assert first["deals"]
    assert core_of(told(shuffled)) == first
