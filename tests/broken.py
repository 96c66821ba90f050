"""What the tests of broken files share: a good file, and what must hold beside it."""

GOOD_NAME = "A good one.csv"
GOOD = (
    "Id,Name,StageName,CloseDate,CreatedDate,Amount,IsWon\n"
    "006A00000000001,Acme,Qualification,2026-03-31,2026-01-05T09:15:27.000Z,1200.5,0\n"
    "006A00000000002,한빛,Closed Won,2026-04-30,2026-01-06T09:15:27.000Z,99,1\n"
)
ADVICE = (
    r"again|Export|Give|by hand|by its first bytes|CSV|Put|Unpack|Make|Write a contract|lacks|"
    r"not a kind"
)


def state(con):
    """Everything that raw holds."""
    tables = con.execute(
        "select table_name from information_schema.tables where table_schema = 'raw' order by 1"
    ).fetchall()
    return {
        table: sorted(con.execute(f'select * from raw."{table}"').fetchall(), key=repr)
        for (table,) in tables
    }


def lines_of(con, label):
    """How many lines of a file are in the table of each kind that holds any."""
    tables = con.execute(
        "select table_name from information_schema.columns where table_schema = 'raw' "
        "and column_name = '_file' order by 1"
    ).fetchall()
    counted = " union all ".join(
        f"select '{table}' as kind, count(*) as lines from raw.{table} where _file = $1"
        for (table,) in tables
    )
    return dict(
        con.execute(f"select kind, lines from ({counted}) where lines > 0", [label]).fetchall()
    )


def assert_told(con, report):
    """Each file is loaded to its last line, or left out with its name, why and what to do."""
    left_out = {**report.refused, **report.unrecognised}
    for label, reason in left_out.items():
        assert label in reason
        assert len(reason) > len(label) + 20
        assert lines_of(con, label) == {}
    files = con.execute(
        "select path, decision, kind, rows, rejected_rows, reason from raw.files"
    ).fetchall()
    assert {path for path, *_ in files} == {*report.loaded, *report.unchanged, *left_out}
    for path, decision, kind, rows, rejected, reason in files:
        if decision not in ("loaded", "unchanged"):
            assert reason == left_out[path]
            continue
        table = "event_log_event" if kind.startswith("event_log:") else kind
        assert lines_of(con, path).get(table, 0) == rows, path
        refused = con.execute(
            "select count(*) from raw.rejects where file = $1 and is_line_refused", [path]
        ).fetchone()[0]
        assert rejected == refused, path
        unnamed = con.execute(
            "select count(*) from raw.rejects where file = $1 and (line is null or reason is null)",
            [path],
        ).fetchone()[0]
        assert unnamed == 0, path


def assert_good_is_whole(con):
    rows = con.execute(
        "select id, name, _line from raw.salesforce_opportunity where _file = $1 order by _line",
        [GOOD_NAME],
    ).fetchall()
    assert rows == [("006A00000000001IAA", "Acme", 2), ("006A00000000002IAA", "한빛", 3)]
