"""The worklist: deals to act on, the move for each, and the question only the buyer answers."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, zip_longest

from markupsafe import Markup

from reports.formats import NOTHING, flag, real, text
from reports.marts import Marts, records
from reports.views import Cell, Column, Table, View

MOVES = ("help_decide", "disqualify")  # the moves that ask for an act; the others do not
HELD_OUT = "pursue_anyway"
ROWS_SHOWN = 100
HORIZON_DAYS = 90
REASONS_SHOWN = 3


@dataclass(frozen=True)
class Deal:
    """One open deal as the pages show it, every part printed."""

    deal_id: str
    account: str
    name: str
    team: str
    amount: str
    risk: str
    move: str
    tone: str
    reasons: str
    question: str
    standing: str


def context(marts: Marts, view: View) -> Mapping[str, object]:
    """The page's parts."""
    held = (marts["worklist"]["move"] == HELD_OUT).any()
    return {
        "answers": [_sentence(marts, view)],
        "moves": [table(marts, view, move) for move in (*MOVES, *([HELD_OUT] if held else []))],
    }


def deals(marts: Marts, view: View, move: str) -> list[Deal]:
    """The deals with a move, stalled ones first, then by risk, then by amount."""
    rows = [row for row in records(marts["worklist"]) if text(row["move"]) == move]
    return [_deal(row, view) for row in sorted(rows, key=_order)]


def first(marts: Marts, view: View, limit: int) -> list[Deal]:
    """The first few deals on which something is to be done, the moves taking turns."""
    turns = zip_longest(*(deals(marts, view, move)[:limit] for move in MOVES))
    return [deal for deal in chain.from_iterable(turns) if deal is not None][:limit]


def table(marts: Marts, view: View, move: str) -> Table:
    """The deals of one move as a table, cut where a page would grow too long."""
    words = view.words
    every = deals(marts, view, move)
    names = ("account", "p_no_decision", "amount_base", "reasons", "question", "team")
    note = ""
    if len(every) > ROWS_SHOWN:
        note = words(
            "table_cut",
            shown=view.formats.count(ROWS_SHOWN),
            all=view.formats.count(len(every)),
            file="worklist.xlsx",
        )
    return Table(
        id=f"worklist-{move.replace('_', '-')}",
        caption=words(f"table.worklist_{move}", horizon=HORIZON_DAYS),
        columns=[
            Column(words(f"column.{name}"), name in ("p_no_decision", "amount_base"))
            for name in names
        ],
        rows=[
            [
                Cell(deal.account, detail=_details(deal)),
                Cell(deal.risk),
                Cell(deal.amount),
                Cell(deal.reasons, "prose"),
                Cell(deal.question, "prose"),
                Cell(deal.team),
            ]
            for deal in every[:ROWS_SHOWN]
        ],
        note=note,
        is_cards=True,
        empty=words("table_empty"),
    )


def reasons(view: View, row: Mapping[str, object]) -> str:
    """Why a deal is flagged, as a line of text.

    ``reasons`` is plain text, or the model's drivers: a JSON list of objects with idea, value and
    contribution (those that raise the risk come first, heaviest first), or of texts. A stalled
    deal without drivers is explained by its silence.
    """
    told = _weighed_reasons(view, row)
    if text(row.get("move")) == HELD_OUT:
        return view.words("reason_held_out", reasons=told) if told else view.words("held_out")
    return told


def _weighed_reasons(view: View, row: Mapping[str, object]) -> str:
    written = text(row.get("reasons"))
    drivers = _drivers(written)
    if drivers is None:
        return written or _silence(view, row)
    raising = [line for weight, line in _weighed(view, drivers) if weight >= 0]
    lowering = [line for weight, line in _weighed(view, drivers) if weight < 0]
    said = "; ".join(raising[:REASONS_SHOWN])
    against = "; ".join(lowering[:1])
    if said and against:
        return view.words("reasons_both", raising=said, lowering=against)
    return said or (view.words("reasons_lowering", lowering=against) if against else "")


def _drivers(written: str) -> list[object] | None:
    if not written.startswith("["):
        return None
    try:
        drivers = json.loads(written)
    except json.JSONDecodeError:
        return None
    return drivers if isinstance(drivers, list) else None


def _weighed(view: View, drivers: list[object]) -> Iterator[tuple[float, str]]:
    """Weight and line of each driver, the heaviest first."""
    found = []
    for driver in drivers:
        if not isinstance(driver, Mapping):
            found.append((0.0, text(driver)))
            continue
        found.append((real(driver.get("contribution")) or 0.0, _line(view, driver)))
    yield from sorted(found, key=lambda pair: (-abs(pair[0]), pair[1]))


def _line(view: View, driver: Mapping[str, object]) -> str:
    """One driver in words: what it is, its value, and what is usual where the model says so."""
    feature, idea = text(driver.get("feature")), text(driver.get("idea"))
    name = view.words.label("feature", feature) if feature else view.words.label("idea", idea)
    shown, usual = view.said(driver.get("value")), driver.get("reference")
    if usual is None and driver.get("n") is None:
        return view.words("reason_line", name=name, value=shown)
    said = {"name": name, "value": shown, "usual": view.said(usual)}
    n = real(driver.get("n"))
    if n is None:
        return view.words("reason_line_usual", **said)
    group = "reason_line_stage" if text(driver.get("stage")) else "reason_line_all"
    return view.words(group, **said, n=view.formats.count(n))


def _silence(view: View, row: Mapping[str, object]) -> str:
    silent, touches = real(row.get("silence_days")), real(row.get("touches_since_sign_of_life"))
    if silent is None:
        return ""
    return view.words(
        "reason_silence", days=view.measure("days")(silent), touches=view.formats.count(touches)
    )


def _sentence(marts: Marts, view: View) -> Markup:
    counts = marts["worklist"]["move"].value_counts()
    to_act = sum(int(counts.get(move, 0)) for move in MOVES)
    kept = int(counts.sum()) - to_act
    if not to_act:
        return view.words.html("answer.worklist_none", keep=view.formats.count(kept))
    return view.words.html(
        "answer.worklist",
        total=view.words.count("noun.open_deal", to_act, view.formats.count(to_act)),
        keep=view.formats.count(kept),
        **{move: view.formats.count(int(counts.get(move, 0))) for move in MOVES},
    )


def risk(row: Mapping[str, object]) -> float | None:
    """P(no decision) if we keep pursuing, else as things go; None where the model is silent."""
    pursued = real(row.get("p_no_decision_if_pursued"))
    return real(row["p_no_decision"]) if pursued is None else pursued


def _order(row: Mapping[str, object]) -> tuple[bool, float, float, str]:
    return (
        not flag(row.get("is_stalled")),
        -(risk(row) or 0.0),
        -(real(row["amount_base"]) or 0.0),
        text(row["deal_id"]),
    )


def _details(deal: Deal) -> str:
    return "\n".join(part for part in (deal.name, deal.deal_id) if part not in ("", deal.account))


def _deal(row: Mapping[str, object], view: View) -> Deal:
    words = view.words
    move = text(row["move"])
    chance = view.formats.share(risk(row))
    if chance == NOTHING and flag(row.get("is_stalled")):
        chance = words("stalled")
        standing = [chance]
    else:
        standing = [words("risk_line", risk=chance)]
    amount = view.formats.amount(row["amount_base"])
    standing += [amount] if amount != NOTHING else []
    team = text(row["team"]) or words("unknown")
    standing.append(words("team_line", team=team))
    account, name = text(row["account"]), text(row.get("name"))
    return Deal(
        deal_id=text(row["deal_id"]),
        account=account or name or text(row["deal_id"]),
        name=name if account else "",
        team=team,
        amount=amount,
        risk=chance,
        move=words.label("move", move),
        tone=f"move-{move}" if move in MOVES else "",
        reasons=reasons(view, row),
        question=words.label("question", text(row["question"])),
        standing=" · ".join(standing),
    )
