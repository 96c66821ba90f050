"""The `nodecision` command. Heavy imports wait until a command needs them."""

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

DONE, FAILED, WRONG_USE, WARNED = 0, 1, 2, 3


class Shape(StrEnum):
    """In whose shape `nodecision sample` writes."""

    SALESFORCE = "salesforce"
    HUBSPOT = "hubspot"
    PIPEDRIVE = "pipedrive"


class Form(StrEnum):
    """How `nodecision run` tells of its progress: lines for a person, or an object of JSON each."""

    TEXT = "text"
    JSON = "json"


app = typer.Typer(
    help="Which open deals drift into no decision, and does letting go early beat chasing?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

Exports = Annotated[
    Path | None,
    typer.Option(help="Folder, zip or file to read; else data/exports/, else the sample."),
]
SettingsFile = Annotated[
    Path | None, typer.Option("--settings", help="Settings file; else nodecision.toml here.")
]
Home = Annotated[
    Path | None,
    typer.Option(help="Keep warehouse, ledger and pages of this company in this folder."),
]


def say(line: str = "") -> None:
    """One line on standard output."""
    sys.stdout.write(line + "\n")


def fail(message: str, code: int = FAILED) -> typer.Exit:
    """An error for a person on standard error, and the exit to raise."""
    sys.stdout.flush()
    sys.stderr.write(f"nodecision: {message}\n")
    return typer.Exit(code)


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path.resolve())


def _night(**asked: Any) -> Any:
    """The night that was asked for; wrong settings or dates end here."""
    from pipelines.night import Night
    from pipelines.settings import SettingsError

    night = Night(**asked)
    try:
        night.settings  # noqa: B018  # read now, so that a wrong key is reported before any work
        night.as_of_date  # noqa: B018
    except SettingsError as error:
        raise fail(str(error), WRONG_USE) from error
    except ValueError as error:
        raise fail(f"--as-of {asked['as_of']!r}: {error}. Write YYYY-MM-DD.", WRONG_USE) from error
    return night


@app.command()
def run(
    exports: Exports = None,
    settings: SettingsFile = None,
    home: Home = None,
    as_of: Annotated[
        str | None, typer.Option(help="Use only what was known by this day (YYYY-MM-DD).")
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every file again.")] = False,
    log: Annotated[
        Form, typer.Option(help="How the progress on standard error is written.")
    ] = Form.TEXT,
) -> None:
    """Run the whole flow, from exports to the published report."""
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    # Threads that spin while they wait make training many times slower on a busy machine.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if exports is not None and not exports.exists():
        raise fail(f"--exports {exports}: no such file or folder.", WRONG_USE)
    night = _night(
        exports=_text(exports),
        settings_path=_text(settings),
        home=_text(home),
        as_of=as_of,
        full=full,
    )
    from pipelines import launch

    finished = launch.run(night, log.value)
    if finished.report is None:
        latest = night.places.published / "latest"
        kept = f" The last good report stays: {latest}/" if latest.exists() else ""
        raise fail(f"the run failed at {finished.failed_step}.\n{finished.reason}\n{kept}".rstrip())
    first = night.settings.reports.languages[0]
    say(f"Report: {finished.report / first / 'index.html'}")
    if finished.warnings:
        say(f"{finished.warnings} warning check(s) failed; see the trust page.")
        raise typer.Exit(WARNED)


@app.command()
def replay(
    first: Annotated[str, typer.Option("--from", help="First day to replay (YYYY-MM-DD).")],
    until: Annotated[
        str | None, typer.Option(help="Last day (YYYY-MM-DD); else the newest of the exports.")
    ] = None,
    every: Annotated[str, typer.Option(help="Step between nights: 4w is weeks, 10d days.")] = "4w",
    settings: SettingsFile = None,
    home: Home = None,
) -> None:
    """Fill the track record: score past nights on what was known then, for the next report.

    Reads the warehouse of the last run and changes nothing in it. Nights that the ledger holds are
    left as they are, so a replay that was stopped goes on where it ended.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    night = _night(settings_path=_text(settings), home=_text(home))
    from pipelines import backfill
    from pipelines.replay import ReplayError
    from pipelines.warehouse import WarehouseError

    try:
        asked = backfill.asked(first, until, every)
    except ValueError as error:
        raise fail(str(error), WRONG_USE) from error
    try:
        for line in backfill.lines(night, asked):
            say(line)
            sys.stdout.flush()
    except ReplayError as error:
        raise fail(str(error), WRONG_USE) from error
    except WarehouseError as error:
        raise fail(str(error)) from error


@app.command()
def check(
    path: Annotated[
        Path | None, typer.Argument(help="Folder, zip or file of exports; else what run reads.")
    ] = None,
    settings: SettingsFile = None,
) -> None:
    """Say what each file is and what the whole can answer, without running anything."""
    if path is not None and not path.exists():
        raise fail(f"{path}: no such file or folder.", WRONG_USE)
    night = _night(exports=_text(path), settings_path=_text(settings))
    from pipelines import preview
    from pipelines.contracts import ContractError
    from pipelines.exports import ExportError
    from pipelines.seeds import RuleError

    try:
        for line in preview.lines(night):
            say(line)
    except ExportError as error:
        raise fail(str(error)) from error
    except (ContractError, RuleError) as error:
        raise fail(str(error), WRONG_USE) from error


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(help="Where to write the exports.")],
    crm: Annotated[
        Shape, typer.Option("--as", help="The CRM in whose export the company is written.")
    ] = Shape.SALESFORCE,
    scenario: Annotated[
        str | None, typer.Option(help="A kind of company, such as backlog; else the sample.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Which company of the kind.")] = None,
    deals: Annotated[int | None, typer.Option(min=1, help="About how many deals.")] = None,
) -> None:
    """Write the simulated company as a CRM would export it, with the truth beside it.

    The company is the same whatever the CRM: the same deals, mail, meetings and endings. Salesforce
    gets the zips of its Data Export, HubSpot its lists and the history of properties, Pipedrive its
    lists and dumps of its interface. The folder should hold nothing else.

    Kinds of company: all_litter, backlog, bristle, clean_up, constant_effect, dates_bring_back,
    dates_nothing, doubled, drift, framework_matters, framework_nothing, harmful, hidden_quality,
    ignored, incumbents_hold, incumbents_nothing, informative_censoring, late_effect, leak,
    mislabelled, no_effect, no_effect_confounded, no_overlap, nothing_closed, one_cause_absent,
    one_week, options_nothing, options_undecide, permuted, placebo_signal, promises_decide,
    promises_nothing, push_harms, push_nothing, reasons_missing, reasons_missing_selectively,
    sample, scarcity, sellers_differ, teams_alike, teams_differ, too_few, worklist_backlog,
    worklist_scarcity. tests/proofs/README.md says how they are made.
    """
    from models import simulate

    company = None
    if (scenario, seed, deals) != (None, None, None):
        try:
            kind = simulate.scenario(scenario or "sample")
        except simulate.UnknownScenario as error:
            raise fail(str(error), WRONG_USE) from error
        company = kind.company(simulate.Company.seed if seed is None else seed, deals)
    simulate.write_sample(folder, crm.value, company)
    say(f"Written to {folder}. Read it with: nodecision run --exports {folder}")


@app.command()
def explain(
    deal: Annotated[str, typer.Argument(help="A deal's id, as in the CRM or as on the pages.")],
    home: Home = None,
) -> None:
    """Follow one deal from the lines of the exports to its outcome, strategy and score."""
    night = _night(home=_text(home))
    from pipelines import story
    from pipelines.warehouse import WarehouseError

    try:
        for line in story.lines(night, deal):
            say(line)
    except (story.NoSuchDeal, WarehouseError) as error:
        raise fail(str(error)) from error


@app.command()
def alerts(
    exports: Exports = None,
    home: Home = None,
    settings: SettingsFile = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would be told; send nothing.")
    ] = False,
    test: Annotated[
        bool, typer.Option("--test", help="Send one message through every channel.")
    ] = False,
) -> None:
    """Tell what is due: a failed night, a night that never came, old exports, drift.

    Each night tells by itself. Run this from a timer of its own, so that somebody hears when no
    night comes at all.
    """
    night = _night(exports=_text(exports), home=_text(home), settings_path=_text(settings))
    from datetime import UTC, datetime

    from pipelines import alerts, channels
    from pipelines.warehouse import WarehouseError

    now = datetime.now(UTC)
    on = ", ".join(channels.wanted(night.settings.alerts)) or "none"
    say(f"Channels: {on}; on record in {night.places.alerts / 'messages.txt'}")
    if test:
        message = channels.Message("nodecision: test", "This channel works.", now)
        errors = alerts.send(night, [message])
    else:
        try:
            with night.open(read_only=True) as con:
                told = alerts.tell(night, con, now, is_dry=dry_run)
        except WarehouseError:
            # Without a warehouse, or while a night runs, notes and folders still tell.
            told = alerts.tell(night, None, now, is_dry=dry_run)
        errors = told.errors
        for message in told.messages:
            say(f"\n{message.subject}\n{message.text}")
        if not told.messages:
            say("Nothing is due.")
    if errors:
        raise fail("; ".join(errors))


@app.command()
def doctor(home: Home = None, settings: SettingsFile = None) -> None:
    """Look at the installation: versions, disk, last nights, locks, settings in force."""
    night = _night(home=_text(home), settings_path=_text(settings))
    from pipelines import health

    healthy = True
    for is_well, line in health.lines(night):
        healthy = healthy and is_well
        say(f"{'ok  ' if is_well else 'BAD '} {line}")
    if not healthy:
        raise typer.Exit(FAILED)


def main() -> None:
    """The console script."""
    app()
