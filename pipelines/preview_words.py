"""The words of an export that nothing explains yet, as lines for `nodecision.toml`.

A line is a proposal where the export or the rules speak for it, and says which; else it is
commented out, and the analyst decides.
"""

import csv
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import duckdb

from pipelines import settings as settings_file
from pipelines.contracts import Object, header_key
from pipelines.preview_columns import alike, meanings
from pipelines.settings import Settings
from pipelines.toml_text import Line, block

TYPE_WORDS = "type_words.csv"
# Stages in languages that the rules of stages do not speak: proposed, never assumed.
ENDING_WORDS = "ending_words.csv"
# A free-text field has a different word in every deal: beyond these the first are enough to see it.
MOST_LINES = 40
SAME_WORD = 0.85
MOVED_ON_SHARE = 0.9
MOVED_ON_LEAST = 5
# Headers under which a team may keep why it lost: the first are sure, the second only may be.
SURE_REASON = re.compile(
    r"(loss|lost|lose|win.?loss|disqual|unqualif|drop|cancel|reject).*(reason|why|cause|detail)"
    r"|(reason|why|cause).*(loss|lost|lose|disqual|unqualif|cancel|drop)"
    r"|(실주|탈락|실패|드[랍롭]|미수주).*(사유|원인|이유)",
    re.IGNORECASE,
)
MAYBE_REASON = re.compile(
    r"(loss|lost|closed|win_?loss|reason|cancel|disqual|drop).*(reason|detail|\bto\b|_to_|code)",
    re.IGNORECASE,
)
DETAIL = re.compile(r"detail|note|comment|description|상세", re.IGNORECASE)
DROP = re.compile(r"disqual|unqualif|drop|드[랍롭]", re.IGNORECASE)
RIVAL = re.compile(r"competitor|lost.?to|경쟁", re.IGNORECASE)
RENEWAL = re.compile(
    r"renew|expan|up-?sell|cross-?sell|existing|install(ed)? base|maintenance|add-?on|upgrade"
    r"|customer success|갱신|재계약|연장|기존|유지보수|증설",
    re.IGNORECASE,
)
REASON_COLUMNS = ("lost_reason", "loss_reason", "closed_lost_reason", "reason_for_loss")
DROP_COLUMNS = ("drop_reason", "disqualified_reason")
DETAIL_COLUMNS = ("lost_reason_detail", "loss_reason_detail", *REASON_COLUMNS)


def _allowed(kind: Any) -> str:
    return ", ".join(get_args(kind))


HEADS: dict[str, Sequence[str]] = {
    "columns": ("A header that stands for a column of a known file.",),
    "stages": (
        "No list of stages and no rule says what these are; they are read as open.",
        f"Allowed: {_allowed(settings_file.StageClass)}.",
    ),
    "pipelines": (f"Allowed: {_allowed(settings_file.PipelineKind)}.",),
    "loss_reasons": (
        "No rule knows these; until then the deals' loss counts as unknown, or as a stall.",
        f"Allowed: {_allowed(settings_file.ReasonClass)}.",
    ),
    "activity_types": (
        "No rule knows these; they are read as tasks.",
        f"Allowed: {_allowed(settings_file.ActivityKind)}.",
    ),
}


def _count(n: int, noun: str) -> str:
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def _rest(section: str, left: Sequence[int], noun: str) -> list[Line]:
    """One line that says how many words are not shown."""
    if not left:
        return []
    why = f"and {len(left):,} more, of {_count(sum(left), noun)}"
    return [Line(section, "...", (), why, is_active=False)]


def patterns(place: Path, value: str) -> list[tuple[re.Pattern[str], str]]:
    """The patterns of a file of rules, each with what it says in this column."""
    with place.open(encoding="utf-8", newline="") as rows:
        return [
            (re.compile(row["pattern"], re.IGNORECASE), row[value]) for row in csv.DictReader(rows)
        ]


def stages(con: duckdb.DuckDBPyConnection, rules: Path) -> list[Line]:
    """Stages that neither a list of stages, a rule nor the analyst explains."""
    endings = patterns(rules / ENDING_WORDS, "stage_class")
    rows = con.execute(
        """
        with known as (
            select distinct
                stage,
                regexp_replace(lower(trim(stage)), '^[0-9]+ *[-.:)] *|^[0-9]+ +', '') as text
            from crm.stages
            group by stage
            having bool_and(is_closed is null) and coalesce(trim(stage), '') <> ''
        ),

        strange as (
            select k.stage
            from known as k
            where
                lower(trim(k.stage)) not in (select word from core.mappings where what = 'stage')
                and not exists (
                    select 1 from core.stage_rules as r where regexp_matches(k.text, r.pattern)
                )
        ),

        deals as (
            select stage, deal_id from crm.deals
            union
            select stage, deal_id from core.deal_states
        ),

        counts as (
            select d.stage, count(distinct d.deal_id) as deals from deals as d group by d.stage
        ),

        moves as (
            select
                to_stage as stage,
                count(distinct deal_id) as came,
                0 as went
            from core.stage_changes group by to_stage
            union all
            select from_stage, 0, count(distinct deal_id)
            from core.stage_changes where from_stage is not null group by from_stage
        ),

        chances as (
            select stage, min(crm_probability) as least, max(crm_probability) as most
            from crm.stages group by stage
        )

        select
            lower(trim(s.stage)),
            min(s.stage),
            sum(coalesce(c.deals, 0)),
            sum(coalesce(m.came, 0)),
            sum(coalesce(m.went, 0)),
            min(p.least),
            max(p.most),
            min(r.reason_class)
        from strange as s
        left join counts as c on s.stage = c.stage
        left join (
            select stage, sum(came) as came, sum(went) as went from moves group by stage
        ) as m on s.stage = m.stage
        left join chances as p on s.stage = p.stage
        left join core.reason_classes as r on lower(trim(s.stage)) = r.reason
        group by 1 order by 3 desc, 1
        """
    ).fetchall()
    lines = []
    for _, stage, deals, came, went, least, most, reason in rows[:MOST_LINES]:
        told = _count(int(deals), "deal")
        ending = next((kind for pattern, kind in endings if pattern.search(stage)), None)
        if ending is not None:
            line = Line("stages", stage, (ending,), f"{told}; by its words", True)
        elif came >= MOVED_ON_LEAST and went >= MOVED_ON_SHARE * came:
            why = f"{told}; {int(went):,} of {int(came):,} went on from it"
            line = Line("stages", stage, ("open",), why, True)
        elif least is not None and least > 0 and most < 1:
            why = f"{told}; the CRM gives it a chance of {most:.0%}"
            line = Line("stages", stage, ("open",), why, True)
        elif reason not in (None, "unmapped", "other"):
            # "Quote" and "Budget" are stages that deals pass as well as reasons why they end.
            why = f"{told}; {reason}, if they end there"
            line = Line("stages", stage, (), why, False)
        else:
            line = Line("stages", stage, (), told, False)
        lines.append(line)
    return lines + _rest("stages", [int(row[2]) for row in rows[MOST_LINES:]], "deal")


def pipelines(con: duckdb.DuckDBPyConnection) -> list[Line]:
    """Pipelines whose name and whose deals say different things about renewals."""
    lines = []
    for _, name, deals, fresh, typed_fresh in con.execute(
        """
        select
            lower(trim(d.pipeline)),
            min(d.pipeline),
            count(*),
            sum(case when d.is_new_business then 1 else 0 end),
            sum(case when regexp_matches(lower(coalesce(c.deal_type, '')), '^new|신규') then 1
                else 0 end)
        from core.deals as d
        inner join crm.deals as c on d.deal_id = c.deal_id
        where
            trim(coalesce(d.pipeline, '')) <> ''
            and lower(trim(d.pipeline)) not in (
                select word from core.mappings where what = 'pipeline'
            )
        group by 1 order by 3 desc, 1
        """
    ).fetchall():
        told = _count(int(deals), "deal")
        if RENEWAL.search(name) and 2 * fresh >= deals:
            if typed_fresh:
                why = f"{told}, {int(typed_fresh):,} of type new business, under such a name"
                lines.append(Line("pipelines", name, (), why, False))
            else:
                why = f"{told} read as new business, unlike its name"
                lines.append(Line("pipelines", name, ("existing_business",), why, True))
        elif 2 * fresh < deals and 2 * typed_fresh >= deals:
            why = f"{told} read as existing business, {int(typed_fresh):,} of type new business"
            lines.append(Line("pipelines", name, (), why, False))
    return lines


def loss_reasons(con: duckdb.DuckDBPyConnection) -> list[Line]:
    """Loss reasons that no rule knows; one that is nearly a known one is proposed like it."""
    rows = con.execute(
        """
        select lower(trim(d.lost_reason)), min(d.lost_reason), count(*)
        from core.deals as d
        inner join core.reason_classes as r on lower(trim(d.lost_reason)) = r.reason
        where d.status = 'lost' and r.reason_class = 'unmapped'
        group by 1 order by 3 desc, 1
        """
    ).fetchall()
    known: list[tuple[str, str]] = con.execute(
        """
        select min(d.lost_reason), r.reason_class
        from core.deals as d
        inner join core.reason_classes as r on lower(trim(d.lost_reason)) = r.reason
        where d.status = 'lost' and r.reason_class not in ('unmapped', 'other')
        group by r.reason, r.reason_class order by r.reason
        """
    ).fetchall()
    lines = []
    for _, reason, deals in rows[:MOST_LINES]:
        told = _count(int(deals), "deal")
        like = max(((alike(reason, text), text, kind) for text, kind in known), default=None)
        if like is not None and like[0] >= SAME_WORD and len(reason) > 3:
            why = f"{told}; written like {like[1]!r}"
            lines.append(Line("loss_reasons", reason, (like[2],), why, True))
        else:
            lines.append(Line("loss_reasons", reason, (), told, False))
    return lines + _rest("loss_reasons", [int(row[2]) for row in rows[MOST_LINES:]], "deal")


def activity_types(
    con: duckdb.DuckDBPyConnection, rules: Path, logs: Collection[str]
) -> list[Line]:
    """Types of activities that were read as tasks for want of a better word.

    What the activities of an event log are, its contract says.
    """
    types = patterns(rules / TYPE_WORDS, "kind")
    rows = con.execute(
        """
        select lower(trim(type_word)), min(type_word), count(*)
        from crm.activities
        where
            kind = 'task'
            and not list_contains($1, source)
            and trim(coalesce(type_word, '')) <> ''
            and lower(trim(type_word)) not in (
                select word from core.mappings where what = 'activity_type'
            )
        group by 1 order by 3 desc, 1
        """,
        [list(logs)],
    ).fetchall()
    lines: list[Line] = []
    left: list[int] = []
    kinds = {*get_args(settings_file.ActivityKind), "todo", "to-do", "e-mail"}
    for word, shown, acts in rows:
        # A task to call somebody is a task: its rules have seen that word.
        if word in kinds:
            continue
        kind = next((kind for pattern, kind in types if pattern.search(word)), None)
        told = _count(int(acts), "activity").replace("activitys", "activities")
        if kind == "task":
            continue
        if len(lines) >= MOST_LINES:
            left.append(int(acts))
        elif kind is None:
            lines.append(Line("activity_types", shown, (), told, False))
        else:
            lines.append(Line("activity_types", shown, (kind,), f"{told}; by its words", True))
    return lines + _rest("activity_types", left, "time")


def unread_columns(
    con: duckdb.DuckDBPyConnection,
    objects: Mapping[str, Object],
    known: Mapping[str, Sequence[str]],
) -> list[Line]:
    """Columns of known files that are not read and look like a loss reason or a competitor."""
    read: dict[tuple[str, str], str] = {}
    unread: list[tuple[str, str, str]] = []
    for file, kind, header, mapped in con.execute(
        "select c.file, f.kind, c.column_name, c.mapped_to from raw.columns as c "
        "inner join raw.files as f on c.file = f.path where c.column_name is not null "
        "and f.decision in ('loaded', 'unchanged') order by c.file, c.column_name"
    ).fetchall():
        if mapped is not None:
            read[(file, mapped)] = header
        elif kind in objects:
            unread.append((file, kind, header))
    lines = []
    for file, kind, header in unread:
        columns = {column.name for column in objects[kind].columns}
        means = {header_key(text) for text in meanings(header, known)[1:]}
        is_sure = SURE_REASON.search(header) is not None or "loss reason" in means
        if RIVAL.search(header) or "competitor" in means:
            wanted: Sequence[str] = ("competitor",)
        elif is_sure or MAYBE_REASON.search(header):
            wanted = DETAIL_COLUMNS if DETAIL.search(header) else REASON_COLUMNS
            wanted = (*DROP_COLUMNS, *wanted) if DROP.search(header) else wanted
        else:
            continue
        target = next((name for name in wanted if name in columns), None)
        if target is None:
            continue
        place = f"{kind}.{target}"
        instead = read.get((file, target))
        if instead is not None:
            why = f"{file}: not read; read for it today: {instead}"
        else:
            why = f"{file}: not read, and named like one"
        is_active = instead is None and (is_sure or wanted == ("competitor",))
        lines.append(Line("columns", place, (header,), why, is_active))
    return lines


def merged(lines: Sequence[Line], settings: Settings) -> str:
    """All lines as one block of valid TOML, each key once, what the settings hold left alone."""
    said: dict[str, set[str]] = {
        section: {word.strip().lower() for word in getattr(settings, section)} for section in HEADS
    }
    shown: list[Line] = []
    place_of: dict[tuple[str, str], int] = {}
    for told in lines:
        at = (told.section, told.key.strip().lower())
        line = told
        if line.is_active and at[1] in said[line.section]:
            why = f"{line.why}; the settings name another already"
            line = replace(line, why=why, is_active=False)
        if line.is_active and at in place_of:
            first = shown[place_of[at]]
            if line.section == "columns" and line.values[0] not in first.values:
                why = f"{first.why}; {line.why}"
                shown[place_of[at]] = replace(first, values=first.values + line.values, why=why)
            continue
        if line not in shown:
            if line.is_active:
                place_of[at] = len(shown)
            shown.append(line)
    return block(shown, HEADS)
