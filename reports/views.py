"""The parts a page is made of: tables, charts and notes, ready for a template to print."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from reports.formats import NOTHING, Formats, flag, real, text
from reports.language import Words
from reports.marts import records


@dataclass(frozen=True)
class Fold:
    """What opens below a row: a summary, and parts of a label, a text and the text's language.

    The language is '' for the page's own.
    """

    summary: str
    parts: Sequence[tuple[str, str, str]]


@dataclass(frozen=True)
class Cell:
    """One cell: its text, a tone that names a style (thin, good, bad, ...), and a second line."""

    text: str
    tone: str = ""
    detail: str = ""


@dataclass(frozen=True)
class Column:
    """One column: its heading, and whether it holds numbers (set to the right)."""

    label: str
    is_number: bool = False


@dataclass(frozen=True)
class Table:
    """A table with a caption. The first column names its row unless ``has_row_heads`` is false.

    ``folds``, where there are any, open below the rows, one below each.
    """

    id: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    note: str = ""
    has_row_heads: bool = True
    is_cards: bool = False
    empty: str = ""
    folds: Sequence[Fold] = ()


@dataclass(frozen=True)
class Chart:
    """A chart as figure JSON, and the sentence that says in words what it shows."""

    id: str
    title: str
    summary: str
    figure: Mapping[str, object]
    table: Table | None = None


@dataclass(frozen=True)
class Measure:
    """How values of one kind are printed: ``bare`` without the unit, a call with it.

    ``whole`` puts the unit to what is printed bare.
    """

    bare: Callable[[object], str]
    whole: Callable[[str], str] = str

    def __call__(self, value: object) -> str:
        """The value with its unit; the missing sign alone."""
        shown = self.bare(value)
        return shown if shown == NOTHING else self.whole(shown)


@dataclass(frozen=True)
class View:
    """What every page needs to turn values into print: words, formats, and facts of the run."""

    words: Words
    formats: Formats
    run: Mapping[str, object] = field(default_factory=dict)

    @property
    def settings(self) -> dict[str, object]:
        """The settings of the run by name, sections taken apart."""
        flat: dict[str, object] = {}
        settings = self.run.get("settings")
        for name, value in (settings if isinstance(settings, Mapping) else {}).items():
            if isinstance(value, Mapping):
                flat.update({str(key): inner for key, inner in value.items()})
            else:
                flat[str(name)] = value
        return flat

    def settings_of(self, section: str) -> Mapping[str, object]:
        """The settings of one section, {} where the run gives none."""
        settings = self.run.get("settings")
        found = settings.get(section) if isinstance(settings, Mapping) else None
        return found if isinstance(found, Mapping) else {}

    def setting(self, name: str) -> str:
        """A setting of the run as it is printed, "unknown" where it is not given."""
        return self.said(self.settings.get(name))

    def said(self, value: object, label: Callable[[str], str] = str) -> str:
        """A fact as text: truth, numbers, lists and mappings in one line; texts by their label."""
        if isinstance(value, Mapping):
            pairs = (
                self.words("pair", a=label(str(key)), b=self.said(inner, label))
                for key, inner in value.items()
            )
            return "; ".join(pairs)
        if isinstance(value, (list, tuple)):
            return ", ".join(self.said(inner, label) for inner in value)
        if isinstance(value, bool):
            return self.words("yes" if value else "no")
        if real(value) is not None:
            return self.formats.plain(value)
        return label(text(value)) if text(value) else self.words("unknown")

    def interval(self, measure: Measure, low: object, high: object) -> str:
        """An interval in words, '' where either end is unknown."""
        if real(low) is None or real(high) is None:
            return ""
        return self.words("interval", low=measure.bare(low), high=measure.bare(high))

    def with_interval(self, measure: Measure, value: object, low: object, high: object) -> str:
        """A value with its interval in brackets, the value alone where the interval is unknown."""
        ends = self.interval(measure, low, high)
        shown = measure(value)
        return self.words("with_interval", value=shown, interval=ends) if ends else shown

    @property
    def share(self) -> Measure:
        """Shares as percentages."""
        return Measure(self.formats.share)

    def number(self, digits: int) -> Measure:
        """Bare numbers with so many decimals."""
        return Measure(lambda value: self.formats.number(value, digits))

    def measure(self, unit: str) -> Measure:
        """How values of a unit are printed: share, points, hours, days, currency, ratio, count."""
        show = self.formats
        if unit in POINT_UNITS:
            return Measure(show.points, self.in_unit("points"))
        if unit in ("share", "probability"):
            return self.share
        if unit == "hours":
            return Measure(show.hours, self.in_unit("hours"))
        if unit == "days":
            return Measure(show.count, self.in_unit("days"))
        if unit in ("currency", "amount", "revenue") or unit == show.currency != "":
            return Measure(show.bare_amount, show.money)
        return Measure(show.plain) if unit == "count" else self.number(2)

    def in_unit(self, unit: str) -> Callable[[str], str]:
        """What puts a unit to a printed number."""
        return lambda shown: self.words(f"unit.{unit}", n=shown)


def printed(view: View, column: str, value: object) -> Cell:
    """One value of a mart as its column's name says: shares, amounts, dates, truth, labels."""
    show = view.formats
    if column.startswith(("is_", "has_")) or column == "passed":
        known = flag(value)
        return Cell(view.words("unknown" if known is None else "yes" if known else "no"))
    if column.endswith("_share") or column in _SHARES or column.startswith("p_"):
        return Cell(show.share(value))
    if column.endswith(("_base", "_amount")) or column in ("amount", "revenue"):
        return Cell(show.amount(value))
    if column.endswith("_per_hour"):
        return Cell(show.rate(value))
    if column.endswith("_on") or (isinstance(value, pd.Timestamp) and not column.endswith("_at")):
        return Cell(show.day(value))
    if column.endswith("_at"):
        return Cell(show.moment(value))
    number = real(value)
    if number is not None and not isinstance(value, bool):
        return Cell(show.plain(number))
    if column in _TOLD:
        return Cell(view.words.told(text(value)) if text(value) else NOTHING)
    return Cell(view.words.label(column, text(value)) if text(value) else NOTHING)


POINT_UNITS = ("points", "share_difference", "probability_difference")
_SHARES = frozenset({"share", "incidence", "predicted", "observed"})
_TOLD = frozenset({"detail", "value"})  # in the pipeline's own words


def frame_table(
    view: View,
    name: str,
    frame: pd.DataFrame,
    columns: Sequence[str] | None = None,
    limit: int = 200,
) -> Table:
    """A mart as a table under ``table.<name>``'s caption; a long one is cut, and says so."""
    shown = frame if columns is None else frame[[c for c in columns if c in frame.columns]]
    heads = [
        Column(
            view.words.label("column", column),
            pd.api.types.is_numeric_dtype(shown[column])
            and not pd.api.types.is_bool_dtype(shown[column]),
        )
        for column in map(str, shown.columns)
    ]
    rows = [
        [printed(view, column, value) for column, value in row.items()]
        for row in records(shown.head(limit))
    ]
    note = ""
    if len(shown) > limit:
        note = view.words(
            "table_cut",
            shown=view.formats.count(limit),
            all=view.formats.count(len(shown)),
            file=f"tables/{name}.csv",
        )
    return Table(
        id=name.replace("_", "-"),
        caption=view.words(f"table.{name}"),
        columns=heads,
        rows=rows,
        note=note,
        empty=view.words("table_empty"),
    )


def cells(values: Iterable[str], tone: str = "") -> list[Cell]:
    """A row of plain texts in one tone."""
    return [Cell(value, tone) for value in values]


def ordered(values: Sequence[object], order: Sequence[str]) -> list[str]:
    """Distinct values, those of ``order`` first and in its order."""
    found = {text(value) for value in values}
    return [v for v in order if v in found] + sorted(found - set(order))
