"""How far to trust tonight's pages: what was read, refused, not understood, and checked."""

from collections.abc import Mapping

import pandas as pd
from markupsafe import Markup

from reports.formats import flag, real, text
from reports.marts import Marts, records
from reports.views import Cell, Column, Table, View, frame_table

ROWS_SHOWN = 30
FILES = ("path", "kind", "decision", "rows", "rejected_rows", "encoding", "reason")


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    return {
        "answers": [
            _files_sentence(marts, view),
            _traps_sentence(marts, view),
            _checks_sentence(marts, view),
        ],
        "checks": check_table(marts, view),
        "tables": [
            *replay_tables(marts, view),
            trap_table(marts, view),
            frame_table(view, "files_read", _with_reasons(view, marts["files_read"]), FILES),
            frame_table(
                view,
                "rejects_summary",
                _largest_first(_with_reasons(view, marts["rejects_summary"])),
                limit=ROWS_SHOWN,
            ),
            *(
                frame_table(view, name, _largest_first(marts[name]), limit=ROWS_SHOWN)
                for name in (
                    *("unmapped_reasons", "unread_columns"),
                    *("capabilities", "activity_quality", "cleanup_days"),
                )
            ),
        ],
    }


def _with_reasons(view: View, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the reason why a file, line or value was refused in the page's language."""
    if "reason" not in frame.columns:
        return frame
    said = [view.words.told(text(reason)) or None for reason in frame["reason"]]
    return frame.assign(reason=pd.Series(said, index=frame.index, dtype=object))


def _largest_first(frame: pd.DataFrame) -> pd.DataFrame:
    counted = [name for name in ("deals", "lines") if name in frame.columns]
    return frame.sort_values(counted, ascending=False, kind="stable") if counted else frame


def replay_tables(marts: Marts, view: View) -> list[Table]:
    """What a replayed night could not know; no table for a night of its own day."""
    frame = marts["replay_limits"]
    if frame.empty:
        return []
    words, show = view.words, view.formats
    return [
        Table(
            id="replay-limits",
            caption=words("table.replay_limits"),
            columns=[
                Column(words("column.told_as_today")),
                Column(words("column.n_rows"), True),
                Column(words("column.looked_at"), True),
            ],
            rows=[
                [
                    Cell(words.label("replay_limit", text(row["what"])), "prose"),
                    Cell(show.count(row["n"])),
                    Cell(show.count(row["of_all"])),
                ]
                for row in records(frame)
            ],
        )
    ]


def check_table(marts: Marts, view: View) -> Table:
    """Checks, the failed ones first."""
    words = view.words
    frame = marts["checks"]
    rows = []
    for row in sorted(records(frame), key=_check_order):
        passed = flag(row["passed"])
        state = "unknown" if passed is None else "check_passed" if passed else "check_failed"
        tone = "" if passed else "bad" if passed is False else "thin"
        rows.append(
            [
                _check_name(view, row),
                Cell(words(state), tone or "good"),
                Cell(words.label("severity", text(row["severity"]))),
                Cell(text(row["table"]), "code"),
                Cell(words.told(text(row["detail"])), "prose"),
            ]
        )
    heads = ("check", "passed", "severity", "table", "detail")
    return Table(
        id="checks",
        caption=words("table.checks"),
        rows=rows,
        columns=[Column(words(f"column.{head}")) for head in heads],
        empty=words("table_empty"),
    )


def trap_table(marts: Marts, view: View) -> Table:
    """Traps that were found, those that warn first; what was looked for in vain is named below."""
    words, show = view.words, view.formats
    rows, absent = [], []
    for row in sorted(records(marts["traps"]), key=_trap_order):
        name = words.label("trap", text(row["trap"]))
        found, looked_at = real(row["found"]), real(row["looked_at"])
        if not found:
            absent.append(name)
            continue
        rows.append(
            [
                Cell(
                    name, "bad" if flag(row["is_warning"]) else "", words.told(text(row["detail"]))
                ),
                Cell(text(row["source"])),
                Cell(words.count(f"trap_unit.{row['unit']}", int(found), show.count(found))),
                Cell(show.share(found / looked_at if looked_at else None)),
                Cell(words.label("trap_done", text(row["done"])), "prose"),
                Cell(text(row["setting"]), "code"),
            ]
        )
    heads = ("trap", "source", "found", "share", "done", "setting")
    return Table(
        id="traps",
        caption=words("table.traps"),
        rows=rows,
        columns=[Column(words(f"column.{head}")) for head in heads],
        note=words("note.traps_absent", traps=", ".join(dict.fromkeys(absent))) if absent else "",
        empty=words("table_empty"),
    )


def _trap_order(row: Mapping[str, object]) -> tuple[bool, str, str]:
    return (flag(row["is_warning"]) is not True, text(row["trap"]), text(row["source"]))


def _traps_sentence(marts: Marts, view: View) -> Markup:
    words, show = view.words, view.formats
    rows = records(marts["traps"])
    if not rows:
        return words.html("answer.traps_none")
    every = {row["trap"] for row in rows}
    found = {row["trap"] for row in rows if real(row["found"])}
    loud = {row["trap"] for row in rows if flag(row["is_warning"])}
    return words.html(
        "answer.traps",
        all=words.count("noun.trap", len(every), show.count(len(every))),
        found=show.count(len(found)),
        loud=show.count(len(loud)),
    )


def _check_name(view: View, row: Mapping[str, object]) -> Cell:
    described = view.words.told(text(row.get("description")))
    if not described:
        return Cell(text(row["check"]))
    return Cell(described, "prose", detail=text(row["check"]))


def _check_order(row: Mapping[str, object]) -> tuple[bool, str, str]:
    return (flag(row["passed"]) is not False, text(row["check"]), text(row["table"]))


def _files_sentence(marts: Marts, view: View) -> Markup:
    words, show = view.words, view.formats
    frame = marts["files_read"]
    if frame.empty:
        return words.html("answer.files_none")
    read = int((frame["decision"] == "read").sum())
    rows = _total(frame, "rows")
    refused = _total(frame, "rejected_rows")
    return words.html(
        "answer.files",
        read=show.count(read),
        all=words.count("noun.file", len(frame), show.count(len(frame))),
        rows=words.count("noun.line", int(rows), show.count(rows)),
        refused=words.count("noun.line", int(refused), show.count(refused)),
        share=show.share(refused / (rows + refused) if rows + refused else None),
    )


def _total(frame: pd.DataFrame, column: str) -> float:
    return sum(real(value) or 0.0 for value in frame[column])


def _checks_sentence(marts: Marts, view: View) -> Markup:
    words, show = view.words, view.formats
    known = [flag(row["passed"]) for row in records(marts["checks"])]
    if not known:
        return words.html("answer.checks_none")
    failed = sum(passed is False for passed in known)
    return words.html(
        "answer.checks_failed" if failed else "answer.checks",
        failed=words.count("noun.check", failed, show.count(failed)),
        all=words.count("noun.check", len(known), show.count(len(known))),
    )
