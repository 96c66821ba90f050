"""A draft of a contract for an event log that none knows: valid as it stands, safe as it stands.

What an activity means is proposed only where its words say it; all others are skipped.
"""

import re
import textwrap
from collections import Counter, defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from pipelines import textfiles, xes
from pipelines.contracts import ALLOWED, ROLES, header_key
from pipelines.exports import ExportError, Offered
from pipelines.preview_columns import holds, meanings
from pipelines.preview_words import ENDING_WORDS, TYPE_WORDS, patterns
from pipelines.textfiles import Head
from pipelines.toml_text import WIDTH, comment, quoted

NEEDED = ("case", "activity", "time")
# A table with more kinds of activities than this is no log of a process.
MOST_ACTIVITIES = 500
BUSIEST = 5
# What ends a case is among its last events, nearly always.
LAST_EVENTS = 3
ENDS_SHARE = 0.8
OUTCOME_OF = {
    "won": "won",
    "disqualified": "disqualified",
    "no_decision": "no_decision",
    "budget": "no_decision",
    "incumbent": "no_decision",
    "competitor": "lost_to_competitor",
}


@dataclass
class Seen:
    """What a log holds: its headers by role; events, cases and place of each activity.

    `ends` counts the cases in which an activity is among the last events.
    """

    headers: dict[str, str]
    events: Counter[str] = field(default_factory=Counter)
    cases: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    places: dict[str, float] = field(default_factory=dict)
    lifecycles: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    resources: Counter[str] = field(default_factory=Counter)


def roles(
    header: Sequence[str], rows: Sequence[Sequence[str]], known: Mapping[str, Sequence[str]]
) -> dict[str, int]:
    """The places of a header that are those of an event log, by role; empty where it is none."""
    found: dict[str, int] = {}
    for place, head in enumerate(header):
        cells = [row[place] if place < len(row) else "" for row in rows]
        for means in meanings(head, known)[1:]:
            role = means.removeprefix("log.")
            if means == role or role in found or place in found.values():
                continue
            if holds(ROLES[role][1], cells):
                found[role] = place
    if not set(NEEDED) <= found.keys():
        return {}
    cases = [row[found["case"]] for row in rows if found["case"] < len(row)]
    # A case has several events, or this is a list of cases.
    return found if len(set(cases)) < len(cases) else {}


def of_table(
    con: duckdb.DuckDBPyConnection,
    file: Offered,
    head: Head,
    place: Path,
    known: Mapping[str, Sequence[str]],
) -> Seen | None:
    """What a delimited log holds; None when the file is none."""
    at = roles(head.header, head.first, known)
    if not at:
        return None
    try:
        records = textfiles.records(file.label, head, place)
    except ExportError:
        return None
    columns = ", ".join(f"'c{n}': 'VARCHAR'" for n in range(len(head.header)))
    con.execute(
        "create or replace temp table events as select "
        f"c{at['case']} as case_id, trim(c{at['activity']}) as activity, "
        f"try_cast(c{at['time']} as timestamp) as moment, "
        + ", ".join(
            f"{f'trim(c{at[role]})' if role in at else 'null'} as {role}"
            for role in ("resource", "lifecycle")
        )
        + f", row_number() over () as line from read_csv($1, columns = {{{columns}}}, "
        "auto_detect = false, header = true, skip = $2, delim = $3, quote = '\"', escape = '\"')",
        [str(records.path), records.skipped_lines, records.delimiter],
    )
    seen = Seen({role: head.header[n] for role, n in at.items()})
    for activity, events, cases, mean, ends in con.execute(
        "select activity, count(*), count(distinct case_id), avg(place), "
        "count(distinct case when place > events - $1 then case_id end) from (select *, "
        "row_number() over (partition by case_id order by moment nulls last, line) as place, "
        "count(*) over (partition by case_id) as events "
        "from events) where activity <> '' group by activity order by 4, 1",
        [LAST_EVENTS],
    ).fetchall():
        seen.ends[activity] = ends
        seen.events[activity] = events
        seen.cases[activity] = cases
        seen.places[activity] = mean
    for activity, lifecycle in con.execute(
        "select distinct activity, lifecycle from events where lifecycle <> '' order by all"
    ).fetchall():
        seen.lifecycles[activity].add(lifecycle)
    for resource, events in con.execute(
        "select resource, count(*) from events where resource <> '' group by 1 order by 2 desc, 1"
    ).fetchall():
        seen.resources[resource] = events
    con.execute("drop table events")
    return seen if len(seen.events) <= MOST_ACTIVITIES else None


def of_xes(file: Offered, known: Mapping[str, Sequence[str]]) -> Seen | None:
    """What a log in XES holds; None when its events have no name or no time."""
    headers: dict[str, str] = {}
    seen = Seen(headers)
    places: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    trace: object = None
    place = 0
    in_case: set[str] = set()
    last: deque[str] = deque(maxlen=LAST_EVENTS)
    for case, event in xes.events(file.label, file.path):
        if case is not trace:
            seen.ends.update(set(last))
            trace, place, in_case = case, 0, set()
            last.clear()
        place += 1
        for key in (*(f"case:{key}" for key in case), *event):
            for means in known.get(header_key(key), ()):
                if means.startswith("log."):
                    headers.setdefault(means.removeprefix("log."), key)
        activity = event.get(headers.get("activity", ""), "").strip()
        if not activity:
            continue
        last.append(activity)
        seen.events[activity] += 1
        if activity not in in_case:
            in_case.add(activity)
            seen.cases[activity] += 1
        places[activity][0] += place
        places[activity][1] += 1
        if lifecycle := event.get(headers.get("lifecycle", ""), "").strip():
            seen.lifecycles[activity].add(lifecycle)
        if resource := event.get(headers.get("resource", ""), "").strip():
            seen.resources[resource] += 1
    seen.ends.update(set(last))
    seen.places = {activity: total / events for activity, (total, events) in places.items()}
    if not set(NEEDED) <= headers.keys() or not seen.events:
        return None
    return seen if len(seen.events) <= MOST_ACTIVITIES else None


def classes(
    con: duckdb.DuckDBPyConnection, texts: Collection[str]
) -> dict[str, tuple[str | None, str | None]]:
    """What the rules for stages and for loss reasons say of each text; None where nothing."""
    con.execute("create or replace temp table said (text varchar, plain varchar)")
    con.executemany(
        "insert into said values ($1, regexp_replace(replace(lower(trim($1)), '_', ' '), "
        "'^[0-9]+ *[-.:)] *|^[0-9]+ +', ''))",
        [[text] for text in texts],
    )
    found = {}
    for text, stage, reason in con.execute(
        """
        select
            s.text,
            (select arg_min(r.stage_class, r.rule_order) from core.stage_rules as r
                where regexp_matches(s.plain, r.pattern)),
            (select arg_min(r.reason_class, r.rule_order) from core.loss_reason_rules as r
                where regexp_matches(s.plain, r.pattern))
        from said as s
        """
    ).fetchall():
        found[text] = (stage, reason)
    con.execute("drop table said")
    return found


def name_of(file: Offered, taken: Collection[str]) -> str:
    """A name for the contract: that of its file, as letters that any table may be called by."""
    stem = file.label.rsplit("!", 1)[-1].rsplit("/", 1)[-1].split(".")[0].lower()
    plain = re.sub(r"[^a-z0-9]+", "_", stem).strip("_")
    name = plain if re.match(r"[a-z]", plain) else f"log_{plain}".strip("_")
    number, chosen = 2, name
    while chosen in taken:
        chosen, number = f"{name}_{number}", number + 1
    return chosen


def draft(
    seen: Seen,
    name: str,
    label: str,
    said: Mapping[str, tuple[str | None, str | None]],
    rules: Path,
) -> str:
    """The contract as text."""
    activities = sorted(seen.events, key=lambda activity: (seen.places[activity], activity))
    top = seen.resources.most_common(BUSIEST)
    busiest = ", ".join(f"{who} ({n:,} events)" for who, n in top) or "not told"
    lines = [
        comment(f"A draft for {label}. What no word explains is skipped until you say what it is."),
        'kind = "event_log"',
        f"name = {quoted(name)}",
        f"description = {quoted(f'Events of {label}')}",
        "# A log is this one when it has at least so many of the activities below.",
        f"least_known = {max(1, (len(activities) + 1) // 2)}",
        "# Resources that are no persons but programs.",
        *(f"# {part}" for part in textwrap.wrap(f"Busiest: {comment(busiest)[2:]}.", WIDTH - 2)),
        "automaton_resources = []",
        'currency = ""',
        'pipeline = "default"',
        "",
        "[headers]",
        *(f"{role} = [{quoted(header)}]" for role, header in seen.headers.items()),
        "",
        "# maps_to: stage, activity, option, option_withdrawn, outcome or skip; one activity may",
        "# have several rows. stage needs stage and stage_order; activity needs kind",
        f"# ({', '.join(ALLOWED['kind'])}),",
        f"# direction ({', '.join(ALLOWED['direction'])}) and status (done ...);",
        f"# option needs option_kind ({', '.join(ALLOWED['option_kind'])});",
        f"# outcome needs outcome ({', '.join(ALLOWED['outcome'])}).",
    ]
    kinds = patterns(rules / TYPE_WORDS, "kind")
    endings = [
        (p, kind) for p, kind in patterns(rules / ENDING_WORDS, "stage_class") if kind != "open"
    ]
    order = 0
    for activity in activities:
        stage, reason = said.get(activity, (None, None))
        counts = " in ".join(
            f"{n:,} {noun}{'' if n == 1 else 's'}"
            for n, noun in ((seen.events[activity], "event"), (seen.cases[activity], "case"))
        )
        plain = activity.replace("_", " ")
        if stage is None:
            stage = next((kind for pattern, kind in endings if pattern.search(plain)), None)
        kind = next((kind for pattern, kind in kinds if pattern.search(plain)), None)
        ends = stage not in (None, "needs_buyer", "nurture", "on_hold", "hygiene")
        if kind in ALLOWED["kind"] and kind != "task" and not ends:
            lines += _act(activity, str(kind), counts, sorted(seen.lifecycles.get(activity, ())))
        elif stage is not None and stage != "hygiene":
            order += 1
            at_end = seen.ends[activity] / seen.cases[activity]
            lines += _stage(activity, stage, reason, counts, order, at_end)
        else:
            lines += ["", comment(f"{counts}; no word of it is known."), *_row(activity, "skip")]
    return "\n".join(lines) + "\n"


def _row(activity: str, maps_to: str, **said: str | int) -> list[str]:
    return [
        "[[activity]]",
        f"name = {quoted(activity)}",
        f"maps_to = {quoted(maps_to)}",
        *(f"{k} = {v if isinstance(v, int) else quoted(v)}" for k, v in said.items()),
    ]


def _act(activity: str, kind: str, counts: str, lifecycles: Sequence[str]) -> list[str]:
    """An act on the deal; of work with a start and an end only the end counts."""
    direction = "mutual" if kind == "meeting" else "unknown"
    act: dict[str, str | int] = {"kind": kind, "direction": direction, "status": "done"}
    lines = ["", comment(f"{counts}; proposed by its words. Who acts on whom is for you to say.")]
    end = next((word for word in lifecycles if word.lower() == "complete"), None)
    if len(lifecycles) < 2 or end is None:
        return [*lines, *_row(activity, "activity", **act)]
    lines += _row(activity, "activity", lifecycle=end, **act)
    for word in lifecycles:
        if word != end:
            lines += ["", *_row(activity, "skip", lifecycle=word)]
    return lines


def _stage(
    activity: str, stage: str, reason: str | None, counts: str, order: int, at_end: float
) -> list[str]:
    """A stage, and the ending that its words name.

    A loss without a cause is left to the reader, and so is what cases go on from.
    """
    lines = [
        "",
        comment(f"{counts}; proposed by its words ({stage.replace('_', ' ')})."),
        *_row(activity, "stage", stage=activity, stage_order=order),
    ]
    outcome = OUTCOME_OF.get(stage) or (OUTCOME_OF.get(reason or "") if stage == "lost" else None)
    if outcome is None and stage != "lost":
        return lines
    rows = _row(activity, "outcome", outcome=outcome or "...")
    if outcome is None:
        return [*lines, "# It ends a case; how is not in its name:", *(f"# {row}" for row in rows)]
    if at_end < ENDS_SHARE:
        why = f"In only {at_end:.0%} of its cases it stands at the end. If it ends them:"
        return [*lines, comment(why), *(f"# {row}" for row in rows)]
    return [*lines, "", *rows]
