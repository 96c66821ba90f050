"""How the text of a typed column is read: expressions of SQL, decided per file and column.

Dates and times become ISO (UTC), booleans true/false, numbers plain decimals; what does not
parse becomes null and is reported by the caller.
"""

import duckdb

from pipelines.exports import ExportError

YEARS = (2000, 2100)
TRUE = ("true", "1", "1.0", "yes", "y", "t", "예", "✓")
FALSE = ("false", "0", "0.0", "no", "n", "f", "아니요")
ISO = r"^\d{4}-\d{2}-\d{2}([T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[+-]\d{2}(:?\d{2})?)?)?$"
PARTS = (
    r"^(\d{1,2})([/.-])(\d{1,2})[/.-](\d{4})(?:,? +(\d{1,2}):(\d{2})(?::(\d{2}))? ?([AaPp][Mm])?)?$"
)
KOREAN = (
    r"^(\d{4})[./] ?(\d{1,2})[./] ?(\d{1,2})\.?"
    r"(?: (오전|오후))?(?: ?(\d{1,2}):(\d{2})(?::(\d{2}))?)?$"
)
DAMAGED_ID = r"^\d(\.\d+)?[eE]\+\d+$"
# Excel's own guards: ="00123" and a leading apostrophe before = + - @.
PLAIN = (
    "nullif(trim(regexp_replace(regexp_replace({x}, '^=\"(.*)\"$', '\\1'), "
    "'^''([=+@-])', '\\1')), '')"
)
CHECK_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def plain(column: str) -> str:
    """The trimmed text of a column, empty as null."""
    return PLAIN.format(x=column)


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


def date_order(
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


def _instant(text: str, order: str) -> str:
    day, month = ("1", "3") if order == "dmy" else ("3", "1")

    def part(pattern: str, group: str | int) -> str:
        found = f"regexp_extract({text}, '{pattern}', {group})"
        return f"coalesce(try_cast({found} as integer), 0)"

    slashed_hour = (
        f"(case when lower(regexp_extract({text}, '{PARTS}', 8)) = 'pm' "
        f"then {part(PARTS, 5)} % 12 + 12 "
        f"when lower(regexp_extract({text}, '{PARTS}', 8)) = 'am' then {part(PARTS, 5)} % 12 "
        f"else {part(PARTS, 5)} end)"
    )
    korean_hour = (
        f"(case when regexp_extract({text}, '{KOREAN}', 4) = '오후' "
        f"then {part(KOREAN, 5)} % 12 + 12 "
        f"when regexp_extract({text}, '{KOREAN}', 4) = '오전' then {part(KOREAN, 5)} % 12 "
        f"else {part(KOREAN, 5)} end)"
    )
    pieces = "printf('%04d-%02d-%02d %02d:%02d:%02d', {})"
    slashed = pieces.format(
        ", ".join(
            [
                part(PARTS, 4),
                part(PARTS, month),
                part(PARTS, day),
                slashed_hour,
                part(PARTS, 6),
                part(PARTS, 7),
            ]
        )
    )
    korean = pieces.format(
        ", ".join(
            [*(part(KOREAN, n) for n in (1, 2, 3)), korean_hour, *(part(KOREAN, n) for n in (6, 7))]
        )
    )
    forms = [f"when regexp_matches({text}, '{ISO}') then try_cast({text} as timestamptz)"]
    if order:
        forms.append(
            f"when regexp_matches({text}, '{PARTS}') then try_cast({slashed} as timestamptz)"
        )
    forms.append(f"when regexp_matches({text}, '{KOREAN}') then try_cast({korean} as timestamptz)")
    return f"case {' '.join(forms)} end"


def read(column: str, kind: str, order: str) -> str:
    """The expression that reads a column of this type; null where the text does not parse."""
    text = plain(column)
    if kind == "text":
        return f"nfc_normalize(nullif({column}, ''))"
    if kind == "choice":
        return f"nfc_normalize({text})"
    if kind == "id":
        return text
    if kind == "sf_id":
        return eighteen(text)
    if kind == "number":
        bare = f"regexp_replace({text}, '[$₩€£,%\\s]', '', 'g')"
        return f"cast(try_cast({bare} as double) as varchar)"
    if kind == "boolean":
        yes = ", ".join(f"'{word}'" for word in TRUE)
        no = ", ".join(f"'{word}'" for word in FALSE)
        return (
            f"case when lower({text}) in ({yes}) then 'true' "
            f"when lower({text}) in ({no}) then 'false' end"
        )
    # A date has no time zone to shift it by: its time of day, if it has one, is cut off.
    taken = f"regexp_replace({text}, '^(\\d{{4}}-\\d{{2}}-\\d{{2}})[T ].*$', '\\1')"
    instant = _instant(taken if kind == "date" else text, order)
    form = "%Y-%m-%d" if kind == "date" else "%Y-%m-%d %H:%M:%S"
    return (
        f"case when year({instant}) between {YEARS[0]} and {YEARS[1] - 1} "
        f"then strftime({instant}, '{form}') end"
    )
