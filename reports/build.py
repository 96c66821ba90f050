"""The published folder of one night: pages, tables, sheet, summary; no clock, no network."""

import json
from collections.abc import Callable, Mapping
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

LANGUAGES = ("en",)
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
    missing (failed nights: step, reason). Equal arguments give equal bytes. Raises
    MartColumnError for a mart without its columns, MissingWordsError for a sentence that no
    locale file has, FileExistsError when ``out`` is not empty.
    """
    if any(out.iterdir()):
        raise FileExistsError(f"{out} is not empty; give the report an empty folder")
    marts = Marts(tables)
    environment = _environment()
    for language in LANGUAGES:
        view = _view(language, run)
        _write_pages(environment, marts, view, out / language)
    first = _view(LANGUAGES[0], run)
    _write(
        out / "index.html",
        environment.get_template("root.html").render(
            t=first.words, languages=LANGUAGES, as_of=text(run["as_of"])
        ),
    )
    assets = out / "assets"
    assets.mkdir()
    _write(assets / "plotly.min.js", get_plotlyjs())
    for name in COPIED:
        _write(assets / name, (TEMPLATES / name).read_text(encoding="utf-8"))
    sheets.write_tables(marts, out / "tables")
    sheets.write_worklist(marts, first, out / "worklist.xlsx")
    crm_out.write(marts, first, out / "crm")
    summary.write(marts, first, out)


def _write_pages(environment: Environment, marts: Marts, view: View, folder: Path) -> None:
    folder.mkdir()
    for page, (file, context) in PAGES.items():
        _write(
            folder / file,
            environment.get_template(f"{page}.html").render(
                **context(marts, view),
                t=view.words,
                page=page,
                pages=[(name, PAGES[name][0]) for name in PAGES],
                as_of=text(view.run["as_of"])[:10],
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
    return View(words, Formats(text(source.get("reporting_currency"))), run)


def _write(path: Path, content: str) -> None:
    path.write_text(content, encoding="utf-8", newline="\n")
