r"""The queries as Apache Spark reads them: the same files, in Spark's words.

The files keep to SQL that both engines read alike; sqlglot writes the names of functions and where
nulls stand. Here is what it leaves, each of which would change a row or stop a query:

- `regexp_replace` replaces one match in DuckDB and every match on Spark;
- patterns: `.` and `\b` know fewer letters in RE2 than in Java;
- a number with decimals is a double, not an exact decimal, whose division would be cut;
- `round` rounds the double, not its shortest decimal writing;
- days between two times are counted by date, as `date_diff` counts them in DuckDB;
- the time of an epoch has no zone.
"""

import re
from functools import cache

from sqlglot import exp, parse_one
from sqlglot.dialects.spark import Spark

# RE2's own \b: between the letters A to Z, digits and _, and anything else.
WORD = "[0-9A-Za-z_]"
BOUNDARY = f"(?:(?<={WORD})(?!{WORD})|(?<!{WORD})(?={WORD}))"


class DialectError(ValueError):
    """SQL without a counterpart on Spark; the message names it."""


def _has_one_match(pattern: str) -> bool:
    """Whether a pattern can match at one place of a text only: `^...`, or `...$` to its end."""
    depth, in_class, is_escaped, opened = 0, False, False, 0
    for place, letter in enumerate(pattern):
        if is_escaped:
            is_escaped = False
        elif letter == "\\":
            is_escaped = True
        elif in_class:
            in_class = letter != "]" or place <= opened
        elif letter == "[":
            in_class, opened = True, place + 1 + pattern.startswith("^", place + 1)
        elif letter in "()":
            depth += 1 if letter == "(" else -1
        elif letter == "|" and depth == 0:
            return False
    return pattern.startswith("^") or (pattern.endswith("$") and not pattern.endswith("\\$"))


def _text(node: exp.Expr | None) -> str | None:
    """The text that literals joined by `||` make; None for anything else."""
    if isinstance(node, exp.Paren):
        return _text(node.this)
    if isinstance(node, exp.DPipe):
        parts = [_text(node.left), _text(node.right)]
        return None if None in parts else "".join(part for part in parts if part)
    return node.name if isinstance(node, exp.Literal) and node.is_string else None


def _pattern(node: exp.Expression) -> exp.Expression:
    """A pattern, of the query or of a row, that means on Spark what it means to RE2."""
    told = _text(node)
    if told is not None:
        return exp.Literal.string("(?d)" + told.replace("\\b", BOUNDARY))
    boundary = [exp.Literal.string("\\b"), exp.Literal.string(BOUNDARY)]
    bounded = exp.Anonymous(this="replace", expressions=[node.copy(), *boundary])
    return exp.Anonymous(this="concat", expressions=[exp.Literal.string("(?d)"), bounded])


def _replaced(node: exp.RegexpReplace) -> exp.Expression:
    pattern, told = _text(node.expression), _text(node.args.get("replacement"))
    where = node.sql("duckdb")
    if pattern is None or told is None or "$" in told:
        raise DialectError(f"{where}: write pattern and replacement out, without $ in the latter.")
    modifiers = node.args.get("modifiers")
    if not (modifiers is not None and "g" in modifiers.name) and not _has_one_match(pattern):
        raise DialectError(f"{where}: Spark replaces every match. Add 'g', or anchor the pattern.")
    arguments = [
        node.this,
        _pattern(node.expression),
        exp.Literal.string(re.sub(r"\\(\d)", r"$\1", told)),
    ]
    return exp.Anonymous(this="regexp_replace", expressions=arguments)


def _double(number: str) -> exp.Expression:
    return exp.Literal.number(f"{number}D")


def _rounded(node: exp.Round) -> exp.Expression:
    decimals = node.args.get("decimals")
    if decimals is None:
        return node
    if not (isinstance(decimals, exp.Literal) and decimals.is_int):
        raise DialectError(f"{node.sql('duckdb')}: write the number of decimals out.")
    scale = str(10 ** int(decimals.name))
    scaled = exp.Mul(this=exp.Paren(this=node.this), expression=_double(scale))
    whole = exp.Round(this=scaled)
    return exp.Paren(this=exp.Div(this=whole, expression=_double(scale)))


def _days(node: exp.DateDiff) -> exp.Expression:
    if node.text("unit").upper() != "DAY":
        raise DialectError(f"{node.sql('duckdb')}: only days are counted alike.")
    dates = [exp.cast(side, "date") for side in (node.this, node.expression)]
    return exp.Anonymous(this="datediff", expressions=dates)


def _in_words_of_spark(node: exp.Expr) -> exp.Expr:
    """A node whose parts are in Spark's words already."""
    if isinstance(node, exp.RegexpReplace):
        return _replaced(node)
    if isinstance(node, (exp.RegexpLike, exp.RegexpExtract)):
        node.set("expression", _pattern(node.expression))
    elif isinstance(node, exp.Round):
        return _rounded(node)
    elif isinstance(node, exp.UnixToTime):
        if node.args.get("scale") != exp.UnixToTime.MILLIS:
            raise DialectError(f"{node.sql('duckdb')}: use epoch_ms, which both engines know.")
        instant = exp.Anonymous(this="timestamp_millis", expressions=[node.this])
        return exp.cast(instant, "timestamp_ntz", dialect=Spark)
    elif isinstance(node, exp.In) and node.args.get("query") and isinstance(node.parent, exp.Not):
        # Spark may compare each row with each of the subquery's.
        raise DialectError(f"{node.sql('duckdb')}: join, and ask for the rows that found none.")
    elif isinstance(node, exp.DateDiff):
        return _days(node)
    elif isinstance(node, exp.Literal) and not node.is_string and not node.is_int:
        return _double(node.name)
    return node


@cache
def spark_sql(sql: str) -> str:
    """A select of the flow in Spark's words. Raises DialectError for what has none."""
    tree = parse_one(sql, read="duckdb")
    for node in reversed(list(tree.bfs())):
        new = _in_words_of_spark(node)
        if new is not node:
            node.replace(new)
    return tree.sql(Spark, comments=False)
