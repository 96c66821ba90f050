"""How the text of a typed column is read: expressions of SQL, decided per file and column.

Dates become DATE, times TIMESTAMP in UTC and whole seconds, numbers DOUBLE, booleans BOOLEAN; what
does not parse becomes null and is reported by the caller. Reading is by DuckDB's own casts; the
other forms of dates and numbers cost more, so an expression holds only those that a column shows.
"""

from dataclasses import dataclass

import duckdb

from pipelines.exports import ExportError

YEARS = ("2000-01-01", "2100-01-01")
SQL_TYPES = {"date": "date", "datetime": "timestamp", "number": "double", "boolean": "boolean"}
TRUE = ("true", "1", "1.0", "yes", "y", "t", "예", "✓")
FALSE = ("false", "0", "0.0", "no", "n", "f", "아니요")
PARTS = (
    r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})(?:,? +(\d{1,2}):(\d{2})(?::(\d{2}))? ?([AaPp][Mm])?)?$"
)
KOREAN = (
    r"^(\d{4})[./] ?(\d{1,2})[./] ?(\d{1,2})\.?"
    r"(?: (오전|오후))?(?: ?(\d{1,2}):(\d{2})(?::(\d{2}))?)?$"
)
# Epoch milliseconds or seconds, a spreadsheet's count of days, or year, month and day in one.
COUNTED = r"^(\d{13}|\d{10}|\d{5}([.,]\d+)?|20\d{6})$"
DAMAGED_ID = r"^(\d([.,]\d+)?[eE]\+\d+|#+)$"
# A spreadsheet keeps 15 digits; of a longer id only zeros are left behind them.
ZEROED_ID = r"^\d{12,}0000$"
NOTHING = ("-", "--", "n/a", "null", "none", "(blank)", "(no value)", "없음", "해당 없음")
# A reason may well be "None"; these say of any field that it is empty.
EMPTY = ("-", "--", "(blank)", "(No value)")
WITH_ZONE = r"(Z|UTC|GMT|[+-]\d{2}(:?\d{2})?)$"
# A cast to a time without a zone leaves a zone that is named out of account.
NAMED_ZONE = r"([+-]\d{2}(:?\d{2})?|[A-Za-z_/]+)$"
NAMED_UTC = r"([+-]00(:?00)?|Z|UTC|GMT)$"
MONEY = r"\b[A-Z]{3}\b|[$₩€£¥%원\s]"
NEGATIVE = r"^\((.*)\)$"
# 1.2억 is 120 million, 2천만 20 million, 120만 1.2 million, 500천 half a million; they may follow
# each other.
COUNTED_MONEY = r"^-?([\d.,]+억)?([\d.,]+천만)?([\d.,]+만)?([\d.,]+천)?[\d.,]*$"
UNITS = {"([0-9.,]+)억": 1e8, "([0-9.,]+)천만": 1e7, "([0-9.,]+)만": 1e4, "([0-9.,]+)천$": 1e3}
# 1,234,567 and 1,234.5 have a decimal point; 1.234,5 and 200,50 have a decimal comma; 1,234 alone
# says neither.
POINT = r"^-?(\d{1,3}(,\d{3}){2,}|\d{1,3}(,\d{3})+\.\d*|\d+\.(\d{1,2}|\d{4,}))$"
COMMA = r"^-?(\d{1,3}(\.\d{3})+,\d*|\d+,(\d{1,2}|\d{4,}))$"
# In a column of nothing but these, the mark before three digits may part thousands or decimals.
EITHER = r"^-?[1-9]\d{0,2}\.\d{3}$"
GROUPED = r"^-?\d{1,3}(,\d{3})+(\.\d*)?$"
BRACED = r"^\{[0-9a-fA-F-]{36}\}$"
CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


@dataclass(frozen=True)
class Form:
    """What the values of one column look like beside ISO dates and plain numbers.

    `date_order` is dmy or mdy where slashed dates occur; `is_korean` tells of dates like
    2026. 3. 29.; `is_counted` of times as numbers; `decimal` is the mark of numbers with other
    signs in them, `.` or `,`, or `?` where 9.500 may be either; `time_zone` is where a time
    without a zone was told; `has_zones` says that times may name one of their own, not UTC.
    """

    date_order: str = ""
    is_korean: bool = False
    is_counted: bool = False
    decimal: str = ""
    time_zone: str = ""
    has_zones: bool = False


PLAIN_FORM = Form()


def plain(column: str) -> str:
    """The trimmed text of a column without a spreadsheet's guards, empty as null.

    Guards are ="00123" and an apostrophe before = + - @.
    """
    bare = f"regexp_replace(regexp_replace({column}, '^=\"(.*)\"$', '\\1'), '^''([=+@-])', '\\1')"
    return (
        f"nullif(trim(case when starts_with({column}, '=') or starts_with({column}, '''') "
        f"then {bare} else {column} end), '')"
    )


def sql_type(kind: str) -> str:
    """The type that a column of a contract's type has in a table."""
    return SQL_TYPES.get(kind, "varchar")


def is_nothing(text: str) -> str:
    """Whether a `plain` text says that there is no value."""
    words = ", ".join(f"'{word}'" for word in NOTHING)
    return f"lower({text}) in ({words})"


def eighteen(text: str) -> str:
    """A Salesforce id in its 18-character form, the three last ones saying which are capitals."""
    suffix = []
    for first in (1, 6, 11):
        bits = " + ".join(
            f"case when substr({text}, {first + place}, 1) between 'A' and 'Z' "
            f"then {1 << place} else 0 end"
            for place in range(5)
        )
        suffix.append(f"substr('{CHECK_LETTERS}', 1 + {bits}, 1)")
    return f"case when length({text}) = 15 then {text} || {' || '.join(suffix)} else {text} end"


def _iso(text: str, kind: str) -> str:
    # A date has no time zone to shift it by: its time of day, if it has one, is cut off.
    day = f"split_part(replace({text}, 'T', ' '), ' ', 1)" if kind == "date" else text
    return f"try_cast({day} as timestamptz)"


def names_zone(text: str) -> str:
    """Whether a time names a zone other than UTC."""
    return (
        f"(not ends_with({text}, 'Z') and (strlen({text}) > 19 or right({text}, 1) > '9') and "
        f"regexp_matches({text}, '{NAMED_ZONE}') and not regexp_matches({text}, '{NAMED_UTC}'))"
    )


def may_group(text: str) -> str:
    """Whether the mark in a number may part thousands as well as decimals."""
    return f"(contains({text}, '.') and regexp_matches({text}, '{EITHER}'))"


def is_plain(text: str, kind: str) -> str:
    """Whether a `plain` text of this type is empty or reads in its plain form."""
    if kind == "boolean":
        return "true"
    value = _decimal(text) if kind == "number" else f"try_cast({text} as {sql_type(kind)})"
    reads = f"{value} is not null"
    if kind == "datetime":
        reads = f"{reads} and not {names_zone(text)}"
    return f"({text} is null or ({reads}))"


def _slashed_order(
    con: duckdb.DuckDBPyConnection, table: str, column: str, place: str, said: str | None
) -> str:
    """Which part of a slashed date comes first in this column: dmy, mdy, or '' if none is slashed.

    Decided by any part above 12. Raises ExportError when nothing decides and no setting says.
    """
    text = plain(column)
    first, second = (
        f"try_cast(regexp_extract({text}, '{PARTS}', {group}) as integer)" for group in (1, 3)
    )
    days_first, months_first, dotted, seen, example = con.execute(
        f"select max({first} > 12), max({second} > 12), "
        f"min(regexp_extract({text}, '{PARTS}', 2) = '.'), count(*), min({text}) "
        f"from {table} where regexp_matches({text}, '{PARTS}')"
    ).fetchall()[0]
    if not seen:
        return ""
    if days_first and months_first:
        raise ExportError(
            f"{place}: some dates have the day first and some the month (such as {example!r}). "
            "Export the file again with one date format."
        )
    if days_first or months_first:
        return "dmy" if days_first else "mdy"
    if dotted:
        return "dmy"
    if said in ("dmy", "mdy"):
        return said
    raise ExportError(
        f"{place}: whether {example!r} has the day or the month first cannot be told, since no "
        f"value of the column has a part above 12. Say it in nodecision.toml: [source] "
        f'date_order = {{ "{place.rsplit(", column ", 1)[-1]}" = "dmy" }} (or "mdy", or "*" for '
        "every column)."
    )


def form_of(
    con: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    kind: str,
    place: str,
    said: str | None = None,
    *,
    by_semicolons: bool = False,
) -> Form:
    """What a column of `table` shows; `place` names it for a person, `said` is the settings' order.

    For a number `said` is the mark before decimals; columns are parted `by_semicolons` where that
    is a comma.

    Raises ExportError when the order of day and month cannot be told.
    """
    text = plain(column)
    if kind in ("date", "datetime"):
        odd, offsets, korean, counted = con.execute(
            f"select count(*) filter (where moment is null), "
            f"count(*) filter (where moment is not null), "
            f"count(*) filter (where moment is null and regexp_matches(told, '{KOREAN}')), "
            f"count(*) filter (where moment is null and regexp_matches(told, '{COUNTED}')) "
            f"from (select {text} as told, {_iso(text, kind)} as moment from {table} "
            f"where not {is_plain(text, kind)})"
        ).fetchall()[0]
        order = _slashed_order(con, table, column, place, said) if odd else ""
        return Form(order, korean > 0, counted > 0, has_zones=offsets > 0)
    if kind == "number":
        bare = _bare(text)
        odd, either, points, commas = con.execute(
            f"select count(*) filter (where try_cast({text} as double) is null), "
            f"count(*) filter (where {may_group(bare)}), "
            f"count(*) filter (where regexp_matches({bare}, '{POINT}')), "
            f"count(*) filter (where regexp_matches({bare}, '{COMMA}')) "
            f"from {table} where {text} is not null"
        ).fetchall()[0]
        if odd or either or commas:
            return Form(decimal=_decimal_mark(points, commas, either, said, by_semicolons))
    return PLAIN_FORM


def _decimal_mark(
    points: int, commas: int, either: int, said: str | None, by_semicolons: bool
) -> str:
    """The mark before decimals, by the values that show it, the settings, or what parts columns."""
    if points or not (commas or either):
        return "."
    if commas or said == "," or by_semicolons:
        return ","
    return said or "?"


def _part(text: str, pattern: str, group: str | int) -> str:
    return f"coalesce(try_cast(regexp_extract({text}, '{pattern}', {group}) as integer), 0)"


def _hour(text: str, pattern: str, hour: int, half: int, after: str, before: str) -> str:
    said = f"lower(regexp_extract({text}, '{pattern}', {half}))"
    told = _part(text, pattern, hour)
    return (
        f"(case {said} when '{after}' then {told} % 12 + 12 when '{before}' then {told} % 12 "
        f"else {told} end)"
    )


def _moment(parts: list[str]) -> str:
    return f"try_cast(printf('%04d-%02d-%02d %02d:%02d:%02d', {', '.join(parts)}) as timestamptz)"


def _counted(text: str) -> str:
    number = f"try_cast(replace({text}, ',', '.') as double)"
    since_1970 = (
        f"case length({text}) when 13 then {number} / 1000 when 10 then {number} "
        f"else round(({number} - 25569) * 86400) end"
    )
    compact = f"substr({text}, 1, 4) || '-' || substr({text}, 5, 2) || '-' || substr({text}, 7)"
    return (
        f"case when not regexp_matches({text}, '{COUNTED}') then null "
        f"when length({text}) = 8 and starts_with({text}, '20') "
        f"then try_cast({compact} as timestamptz) else to_timestamp({since_1970}) end"
    )


def _in_zone(text: str, zone: str) -> str:
    """An ISO time that names no zone of its own, as told in this one; a day alone has no zone."""
    return (
        f"case when strlen({text}) <= 10 or regexp_matches({text}, '{WITH_ZONE}') "
        f"then try_cast({text} as timestamptz) "
        f"else timezone('{zone}', try_cast({text} as timestamp)) end"
    )


def _instant(text: str, kind: str, form: Form) -> str:
    zone = form.time_zone if kind == "datetime" else ""
    if form == PLAIN_FORM:
        return f"try_cast({text} as {sql_type(kind)})"
    ways = [_in_zone(text, zone) if zone else _iso(text, kind)]
    if form.is_counted:
        ways.append(_counted(text))
    told = []
    if form.date_order:
        day, month = (1, 3) if form.date_order == "dmy" else (3, 1)
        parts = [_part(text, PARTS, n) for n in (4, month, day)]
        hour = _hour(text, PARTS, 5, 8, "pm", "am")
        told.append((PARTS, [*parts, hour, *(_part(text, PARTS, n) for n in (6, 7))]))
    if form.is_korean:
        parts = [_part(text, KOREAN, n) for n in (1, 2, 3)]
        hour = _hour(text, KOREAN, 5, 4, "오후", "오전")
        told.append((KOREAN, [*parts, hour, *(_part(text, KOREAN, n) for n in (6, 7))]))
    for pattern, parts in told:
        moment = _moment(parts)
        if zone:
            moment = (
                f"case when contains({text}, ':') "
                f"then timezone('{zone}', cast({moment} as timestamp)) else {moment} end"
            )
        ways.append(f"case when regexp_matches({text}, '{pattern}') then {moment} end")
    return f"coalesce({', '.join(ways)})"


def _bare(text: str) -> str:
    """A number without its currency; a minus sign in the place of brackets."""
    plain = f"regexp_replace({text}, '{NEGATIVE}', '-\\1')"
    return f"regexp_replace({plain}, '{MONEY}', '', 'g')"


def _decimal(text: str) -> str:
    # DuckDB takes 1_000 for a thousand; no CRM writes it so.
    return f"try_cast(replace({text}, '_', '?') as double)"


def _number(text: str, form: Form) -> str:
    if not form.decimal:
        return _decimal(text)
    if form.decimal == "?":
        told = _number(text, Form(decimal="."))
        return f"case when not {may_group(_bare(text))} then {told} end"
    bare = _bare(text)
    point, comma = (".", ",") if form.decimal == "." else (",", ".")

    def part(group: str) -> str:
        told = f"replace(replace({group}, '{comma}', ''), '{point}', '.')"
        return f"try_cast({told} as double)"

    grouped = (
        f"case when regexp_matches({bare}, '{GROUPED}') then replace({bare}, ',', '') "
        f"else {bare} end"
        if form.decimal == "."
        else f"replace(replace({bare}, '.', ''), ',', '.')"
    )
    counted = " + ".join(
        f"coalesce({part(f'regexp_extract({bare}, {chr(39)}{pattern}{chr(39)}, 1)')}, 0) * {unit:g}"
        for pattern, unit in (*UNITS.items(), ("[억만]([0-9.,]+)$", 1))
    )
    return (
        f"case when regexp_matches({bare}, '[억만천]') then "
        f"case when regexp_matches({bare}, '{COUNTED_MONEY}') then "
        f"(case when starts_with({bare}, '-') then -1 else 1 end) * ({counted}) end "
        f"else try_cast({grouped} as double) end"
    )


def read(text: str, kind: str, form: Form = PLAIN_FORM) -> str:
    """The expression that reads a `plain` text as this type; null where it does not parse.

    The type `text` is read from the column as it is, spaces and all.
    """
    if kind == "text":
        return f"nfc_normalize(nullif({text}, ''))"
    if kind == "choice":
        empty = ", ".join(f"'{word}'" for word in EMPTY)
        return f"case when {text} not in ({empty}) then nfc_normalize({text}) end"
    if kind == "id":
        # Some tools write a GUID in braces, and others do not.
        return f"case when regexp_matches({text}, '{BRACED}') then {text}[2:-2] else {text} end"
    if kind == "sf_id":
        return eighteen(text)
    if kind == "number":
        number = _number(text, form)
        return f"case when isfinite({number}) then {number} end"
    if kind == "boolean":
        yes = ", ".join(f"'{word}'" for word in TRUE)
        no = ", ".join(f"'{word}'" for word in FALSE)
        return (
            f"case when lower({text}) in ({yes}) then true "
            f"when lower({text}) in ({no}) then false end"
        )
    instant = _instant(text, kind, form)
    if form == PLAIN_FORM:
        moment = f"date_trunc('second', {instant})" if kind == "datetime" else instant
        first, end = (f"{sql_type(kind)} '{year}'" for year in YEARS)
    else:
        # Seconds since 1970 as a time without a zone: a zone would bring a locale's calendar in.
        second = f"make_timestamp(epoch_us({instant}) // 1000000 * 1000000)"
        moment = f"cast({second} as date)" if kind == "date" else second
        first, end = (f"timestamptz '{year} 00:00:00+00'" for year in YEARS)
    return f"case when {instant} >= {first} and {instant} < {end} then {moment} end"


def quick(column: str, kind: str) -> str:
    """The expression that reads a column's own text of this type, null where it is not plain.

    Where it gives a value that is the one of `read`, at a fraction of the cost.
    """
    if kind == "boolean":
        return f"try_cast({column} as boolean)"
    if kind not in ("id", "sf_id", "choice"):
        return read(column, kind)
    bare = f"{column} >= '0' and not starts_with({column}, '=') and not ends_with({column}, ' ')"
    clean = {
        "id": f"{column} < '{{' and {bare}",
        "sf_id": f"strlen({column}) = 18 and {bare}",
        "choice": f"{column} >= 'A' and {column} < '{{' and not ends_with({column}, ' ')",
    }[kind]
    as_is = f"nfc_normalize({column})" if kind == "choice" else column
    return f"case when {clean} then {as_is} else {read(plain(column), kind)} end"
