"""Files for other programs: every mart as parquet and csv, and the worklist as a sheet.

Text from a CRM may begin with a character that a spreadsheet takes for a formula: in csv such a
cell is prefixed with an apostrophe, in the sheet it is written as text. Numbers are untouched.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd
import xlsxwriter

from reports import briefs, moves
from reports.brief_templates import MOVES
from reports.formats import real, text
from reports.marts import Marts, records
from reports.reasons import reasons
from reports.views import View
from reports.worklist import brief_facts, risk

_FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
_SHEET_COLUMNS = (
    *("deal_id", "account", "team", "move", "p_no_decision", "amount_base"),
    *("chance_if_pursued", "cost_if_let_go", "hours_if_pursued", "value_per_hour"),
    *("rule", "change", "silence_days", "touches_since_sign_of_life"),
    *("reasons", "question", "brief"),
)
_WIDTHS = {"account": 32, "reasons": 70, "question": 60, "deal_id": 24, "rule": 60, "brief": 90}


def write_tables(marts: Marts, folder: Path) -> None:
    """Writes ``<mart>.parquet`` and ``<mart>.csv`` for every mart into a new folder."""
    folder.mkdir()
    for name in marts:
        frame = marts[name]
        frame.to_parquet(folder / f"{name}.parquet", index=False, compression="zstd")
        safe = {
            column: frame[column] if _is_number(frame[column]) else frame[column].map(harmless)
            for column in frame.columns
        }
        pd.DataFrame(safe).to_csv(
            folder / f"{name}.csv", index=False, lineterminator="\n", encoding="utf-8"
        )


def write_worklist(marts: Marts, view: View, path: Path) -> None:
    """Writes the worklist as one sheet, its heading frozen and filtered; dated as of the data."""
    words = view.words
    book = xlsxwriter.Workbook(
        path,
        {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    created = datetime.fromisoformat(text(view.run["as_of"])[:10])
    book.set_properties({"title": words("page.worklist.title"), "created": created})
    head = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    share = book.add_format({"num_format": "0.0%", "valign": "top"})
    whole = book.add_format({"num_format": "#,##0", "valign": "top"})
    styles = {
        **dict.fromkeys(("p_no_decision", "chance_if_pursued"), share),
        **dict.fromkeys(("amount_base", "cost_if_let_go", "value_per_hour"), whole),
        **dict.fromkeys(("silence_days", "touches_since_sign_of_life"), whole),
        "hours_if_pursued": book.add_format({"num_format": "0.0", "valign": "top"}),
    }
    sheet = book.add_worksheet(words("nav.worklist"))
    for place, column in enumerate(_SHEET_COLUMNS):
        sheet.write_string(0, place, words(f"column.{column}"), head)
        sheet.set_column(place, place, _WIDTHS.get(column, 16))
    rows = records(marts["worklist"].sort_values("deal_id"))
    told = briefs.templates(view)
    known = brief_facts(marts, [row for row in rows if text(row["move"]) in MOVES])
    for line, row in enumerate(rows, start=1):
        facts = known.get(text(row["deal_id"]), {})
        row["brief"] = briefs.brief(view, told, row, facts)
        for place, column in enumerate(_SHEET_COLUMNS):
            number = risk(row) if column == "p_no_decision" else real(row.get(column))
            if column in styles and number is not None:
                sheet.write_number(line, place, number, styles[column])
            else:
                sheet.write_string(line, place, _sheet_text(view, column, row), wrapped)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(len(rows), 1), len(_SHEET_COLUMNS) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    book.close()


def _sheet_text(view: View, column: str, row: Mapping[str, object]) -> str:
    if column == "reasons":
        return reasons(view, row)
    if column == "rule":
        return moves.rule(view, row)
    if column == "change":
        return ". ".join(part for part in moves.change(view, row) if part)
    if column in ("move", "question"):
        return view.words.label(column, text(row[column]))
    return text(row.get(column))


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) or pd.api.types.is_datetime64_any_dtype(values)


def harmless(value: object) -> object:
    """A value of a csv file; text that a spreadsheet takes for a formula after an apostrophe."""
    if isinstance(value, str) and _FORMULA.match(value):
        return f"'{value}"
    return value
