"""The published folder of one night: pages, tables, sheet, summary; no clock, no network."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from plotly.offline import get_plotlyjs

from reports import (
    brief,
    commitments,
    crm_out,
    frameworks,
    method,
    options,
    origins,
    practice,
    push,
    returns,
    sheets,
    stall,
    strategies,
    summary,
    trust,
    worklist,
)
from reports.formats import Formats, text
from reports.language import Words
from reports.marts import Marts
from reports.views import Chart, View

DEFAULT_LANGUAGE = "en"
TEMPLATES = Path(__file__).parent / "templates"
COPIED = ("style.css", "charts.js")

Context = Callable[[Marts, View], Mapping[str, object]]
PAGES: Mapping[str, tuple[str, Context]] = {
    "brief": ("index.html", brief.context),
    "stall": ("stall.html", stall.context),
    "strategies": ("strategies.html", strategies.context),
    "options": ("options.html", options.context),
    "push": ("push.html", push.context),
    "commitments": ("commitments.html", commitments.context),
    "frameworks": ("frameworks.html", frameworks.context),
    "origins": ("origins.html", origins.context),
    "returns": ("returns.html", returns.context),
    "practice": ("practice.html", practice.context),
    "worklist": ("worklist.html", worklist.context),
    "trust": ("trust.html", trust.context),
    "method": ("method.html", method.context),
}


def build(tables: Mapping[str, pd.DataFrame], run: Mapping[str, object], out: Path) -> None:
    """Writes the whole report into ``out``, an empty folder.

    ``tables`` are the marts by name (see reports.marts.COLUMNS; any may be empty or absent).
    ``run`` holds as_of (ISO date), run_id, sources, settings, and where known versions and
    missing (failed nights: step, reason). The pages are written once in each language that the
    settings name, from the same marts; the first is the one that the folder opens with. Equal
    arguments give equal bytes. Raises MartColumnError for a mart without its columns,
    MissingWordsError for a sentence that no locale file has, FileExistsError when ``out`` is not
    empty.
    """
    if any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; give the report an empty folder")
    marts = Marts(tables)
    environment = _environment()
    views = [_view(language, run) for language in _languages(run)]
    first = views[0]
    for view in views:
        folder = out / view.words.language
        folder.mkdir()
        # The first language's files for other programs stand beside the tables, where they
        # have always been; those of another stand beside its own pages.
        beside = out if view is first else folder
        _write_pages(environment, marts, views, view, folder)
        sheets.write_worklist(marts, view, beside / "worklist.xlsx")
        summary.write_card(marts, view, beside / "model.md")
    _write(
        out / "index.html",
        environment.get_template("root.html").render(
            t=first.words,
            languages=_named(views),
            as_of=first.formats.day(run["as_of"]),
        ),
    )
    assets = out / "assets"
    assets.mkdir()
    _write(assets / "plotly.min.js", get_plotlyjs())
    for name in COPIED:
        _write(assets / name, (TEMPLATES / name).read_text(encoding="utf-8"))
    sheets.write_tables(marts, out / "tables")
    crm_out.write(marts, first, out / "crm")
    summary.write(marts, first, out)


def _languages(run: Mapping[str, object]) -> list[str]:
    """The languages of the pages, as the settings of the run name them."""
    named = View(Words("", {}), Formats(), run).settings_of("reports").get("languages")
    return list(named) if isinstance(named, (list, tuple)) and named else [DEFAULT_LANGUAGE]


def _named(views: Sequence[View]) -> list[tuple[str, str]]:
    """Each language and its own name for itself."""
    return [(view.words.language, view.words("language")) for view in views]


def _write_pages(
    environment: Environment, marts: Marts, views: Sequence[View], view: View, folder: Path
) -> None:
    for page, (file, context) in PAGES.items():
        _write(
            folder / file,
            environment.get_template(f"{page}.html").render(
                **context(marts, view),
                t=view.words,
                page=page,
                pages=[(name, PAGES[name][0]) for name in PAGES],
                file=file,
                languages=_named(views),
                beside=".." if view is views[0] else ".",
                as_of=view.formats.day(view.run["as_of"]),
                is_replayed=bool(view.run.get("is_replayed")),
                run_id=text(view.run["run_id"]),
                crms=list(crm_out.destinations(view)),
                gates={name: view.setting(name) for name in ("min_sellers", "min_events")},
            ),
        )


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = figure_json
    return environment


def figure_json(chart: Chart) -> Markup:
    """A chart's figure as JSON that cannot end the script element it stands in."""
    written = json.dumps(chart.figure, sort_keys=True, allow_nan=False, separators=(",", ":"))
    for mark, escape in (("<", "\\u003c"), (">", "\\u003e"), ("&", "\\u0026")):
        written = written.replace(mark, escape)
    return Markup(written)


def _view(language: str, run: Mapping[str, object]) -> View:
    source = View(Words("", {}), Formats(), run).settings_of("source")
    words = Words.read(language, text(source.get("vocabulary")))
    return View(words, Formats(text(source.get("reporting_currency")), words), run)


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
