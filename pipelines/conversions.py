"""Sheets, parquet and JSON as plain delimited text: one reader serves every kind of file."""

import csv
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
import python_calamine

from pipelines import textfiles
from pipelines.exports import JSON, PARQUET, ExportError, Offered
from pipelines.warehouse import in_memory

# A sheet keeps 15 digits of a number; an id with more has lost its end.
SHEET_DIGITS = 10**15
LONGEST_NUMBER = 400


@dataclass(frozen=True)
class Plain:
    """A file as UTF-8 text with commas, every field quoted.

    `numbers` are the records' own numbers, the header first: rows of a sheet, or from 0 on.
    """

    path: Path
    numbers: np.ndarray


def plain(file: Offered, temp: Path) -> Plain | None:
    """The file as plain text; None when it is text already.

    Raises ExportError when it cannot be read as what its name says.
    """
    place = temp / "plain.csv"
    if file.records is not None:
        return Plain(file.path, np.arange(file.records + 1))
    if file.sheet is not None:
        return _written(place, _sheet_rows(file))
    if file.has_suffix(PARQUET):
        return _of_parquet(file, place)
    if file.has_suffix(JSON):
        rows = temp / "rows.jsonl"
        assert file.survey is not None
        _of_json(file, textfiles.in_utf8(file.label, file.path, temp, file.survey), rows)
        return _written(place, enumerate(_flat_rows(file.label, rows)))
    return None


def _written(place: Path, rows: Iterable[tuple[int, Sequence[str]]]) -> Plain:
    numbers = []
    with place.open("w", encoding="utf-8", newline="") as target:
        writer = csv.writer(target, quoting=csv.QUOTE_ALL, lineterminator="\n")
        for number, row in rows:
            numbers.append(number)
            writer.writerow(row)
    return Plain(place, np.asarray(numbers, dtype=np.int64))


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) >= SHEET_DIGITS:
        return f"{value:.6E}"
    if isinstance(value, (dt.datetime, dt.date)):
        return value.isoformat(sep=" ") if isinstance(value, dt.datetime) else value.isoformat()
    return str(value)


def _sheet_rows(file: Offered) -> Iterator[tuple[int, list[str]]]:
    """The filled rows of a sheet with their numbers as a person counts them, all equally wide."""
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(file.path))
        sheet = book.get_sheet_by_name(str(file.sheet))
        above = sheet.start[0] if sheet.start is not None else 0
        for number, row in enumerate(sheet.to_python(skip_empty_area=True), start=above + 1):
            cells = [_cell(value) for value in row]
            if any(cells):
                yield number, cells
    except python_calamine.CalamineError as error:
        raise ExportError(
            f"{file.label}: the sheet cannot be read ({error}). Save it again, or as CSV in UTF-8."
        ) from error


def _first_line(error: duckdb.Error) -> str:
    return str(error).partition("\n")[0]


def _literal(path: Path) -> str:
    return str(path).replace("'", "''")


def _of_parquet(file: Offered, place: Path) -> Plain:
    with in_memory() as con:
        con.execute("set TimeZone = 'UTC'")
        try:
            described = con.execute("describe select * from read_parquet($1)", [str(file.path)])
            chosen = ", ".join(
                (f"to_json({quoted})::varchar" if "(" in kind or "[" in kind else quoted)
                + f" as {quoted}"
                for name, kind, *_ in described.fetchall()
                for quoted in ['"' + name.replace('"', '""') + '"']
            )
            written = con.execute(
                f"copy (select {chosen} from read_parquet($1)) to '{_literal(place)}' "
                "(format csv, header, force_quote *, delimiter ',')",
                [str(file.path)],
            ).fetchall()
        except duckdb.Error as error:
            raise ExportError(
                f"{file.label}: the parquet file cannot be read ({_first_line(error)}). It may be "
                "only partly written: export it again."
            ) from error
    return Plain(place, np.arange(int(written[0][0]) + 1))


def _of_json(file: Offered, path: Path, rows: Path) -> None:
    """The objects of a JSON file, one a line: of an array, of lines, or of an answer's list."""
    with in_memory() as con:
        try:
            con.execute(
                "copy (select json(json) from read_json_objects($1, format = 'auto', "
                f"maximum_object_size = {1 << 28})) to '{_literal(rows)}' "
                "(format csv, header false, quote '', escape '', delimiter E'\\x01')",
                [str(path)],
            )
        except duckdb.Error as error:
            raise ExportError(
                f"{file.label}: broken JSON ({_first_line(error)}). It may be only partly "
                "downloaded: export it again."
            ) from error


SINGER = ("RECORD", "SCHEMA", "ACTIVATE_VERSION")


def _records(told: object) -> list[object]:
    """The records of one JSON value: of a list, of an answer that holds one list, or itself.

    An answer about one thing names it beside its list (`deal_id`): so then does each record. Of
    the messages of a Singer tap, the records count.
    """
    if isinstance(told, list):
        return told
    if isinstance(told, dict) and told.get("type") in SINGER and "stream" in told:
        return [told["record"]] if told["type"] == "RECORD" and "record" in told else []
    if isinstance(told, dict) and told.get("type") == "STATE" and "value" in told:
        return []
    if isinstance(told, dict) and isinstance(told.get("result"), dict) and "status" in told:
        return _records(told["result"])
    if isinstance(told, dict) and "id" not in told:
        lists = [
            value
            for value in told.values()
            if isinstance(value, list) and any(isinstance(inner, dict) for inner in value)
        ]
        if len(lists) == 1:
            about = {
                key: value
                for key, value in told.items()
                if key.endswith("_id") and isinstance(value, (str, int))
            }
            return [
                {**about, **record} if isinstance(record, dict) else record for record in lists[0]
            ]
    return [told]


def _named_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object; a name that has two different values would lose one of them."""
    told: dict[str, object] = {}
    for name, value in pairs:
        if name in told and told[name] != value:
            raise ValueError(f"{name!r} has two values, {told[name]!r} and {value!r}")
        told[name] = value
    return told


def _digits(text: str) -> int | str:
    """A whole number; one too long for a number to be meant stays text."""
    return int(text) if len(text) < LONGEST_NUMBER else text


def _objects(label: str, rows: Path) -> Iterator[dict[str, object]]:
    with rows.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                told = json.loads(line, object_pairs_hook=_named_once, parse_int=_digits)
            except (ValueError, RecursionError) as error:
                raise ExportError(
                    f"{label}, record {number}: broken JSON ({error}). Export it again."
                ) from error
            for record in _records(told):
                if not isinstance(record, dict):
                    raise ExportError(
                        f"{label}, record {number}: {str(record)[:80]!r} is no object with named "
                        "values. Export a list of objects."
                    )
                yield record


def _flat(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    """The values of nested objects under dotted names; a list of plain values is joined by `;`."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list):
        if all(not isinstance(inner, (dict, list)) for inner in value):
            yield name, ";".join(_text(inner) for inner in value)
        else:
            yield name, json.dumps(value, ensure_ascii=False)
    else:
        yield name, _text(value)


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _flat_rows(label: str, rows: Path) -> Iterator[list[str]]:
    header: dict[str, None] = {}
    for record in _objects(label, rows):
        header.update((name, None) for name, _ in _flat(record))
    if not header:
        raise ExportError(f"{label}: the file is empty. Export it again.")
    yield list(header)
    for record in _objects(label, rows):
        told = dict(_flat(record))
        yield [told.get(name, "") for name in header]
