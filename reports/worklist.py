"""The worklist: deals to act on, the move for each, and the question only the buyer answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, zip_longest

from markupsafe import Markup

from reports import briefs, moves
from reports.brief_templates import Templates
from reports.formats import NOTHING, flag, real, text
from reports.marts import Marts, records
from reports.reasons import HELD_OUT, reasons
from reports.views import Cell, Column, Fold, Table, View, frame_table

MOVES = ("help_decide", "disqualify")  # the moves that ask for an act; the others do not
ROWS_SHOWN = 100
HORIZON_DAYS = 90


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
    blunt = moves.blunt_sentence(view, marts)
    return {
        "answers": [
            _sentence(marts, view),
            *([] if blunt is None else [blunt]),
            moves.news_sentence(view, marts),
        ],
        "chosen": moves.how_chosen(view, marts),
        "costs": moves.what_costs_mean(view, marts),
        "moves": [table(marts, view, move) for move in (*MOVES, *([HELD_OUT] if held else []))],
        "lifted": lifted_table(marts, view),
        "returns": returns_table(marts, view),
    }


def deals(marts: Marts, view: View, move: str) -> list[Deal]:
    """The deals with a move, stalled ones first, then by risk, then by amount."""
    return [_deal(row, view) for row in _rows(marts, move)]


def _rows(marts: Marts, move: str) -> list[dict[str, object]]:
    frame = marts["worklist"]
    return sorted(records(frame[frame["move"] == move]), key=_order)


def first(marts: Marts, view: View, limit: int) -> list[Deal]:
    """The first few deals on which something is to be done, the moves taking turns."""
    turns = zip_longest(*(deals(marts, view, move)[:limit] for move in MOVES))
    return [deal for deal in chain.from_iterable(turns) if deal is not None][:limit]


def table(marts: Marts, view: View, move: str) -> Table:
    """The deals of one move as a table, cut where a page would grow too long."""
    words = view.words
    every = _rows(marts, move)
    shown = every[:ROWS_SHOWN]
    known = brief_facts(marts, shown)
    told = briefs.templates(view)
    is_compared = moves.compared_with(marts) is not None
    names = [
        *("account", "p_no_decision", "if_let_go", "if_pursued", "rule"),
        *(["change"] if is_compared else []),
        "team",
    ]
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
            Column(words(f"column.{name}"), name in ("p_no_decision", "if_let_go", "if_pursued"))
            for name in names
        ],
        rows=[_line(view, row, is_compared=is_compared) for row in shown],
        folds=[_fold(view, told, row, known.get(text(row["deal_id"]), {})) for row in shown],
        note=note,
        is_cards=True,
        empty=words("table_empty"),
    )


def brief_facts(
    marts: Marts, rows: Sequence[Mapping[str, object]]
) -> dict[str, Mapping[str, object]]:
    """What marts.brief_facts knows of these deals, by id."""
    frame = marts["brief_facts"]
    asked = frame["deal_id"].isin([row["deal_id"] for row in rows])
    return {text(row["deal_id"]): row for row in records(frame[asked])}


def _line(view: View, row: Mapping[str, object], *, is_compared: bool) -> list[Cell]:
    deal = _deal(row, view)
    lost, parts = moves.cost(view, row)
    rule = moves.rule(view, row)
    changed, stays = moves.change(view, row)
    return [
        Cell(deal.account, detail=_details(deal)),
        Cell(deal.risk),
        Cell(lost, detail=parts),
        Cell(moves.hours(view, row)),
        Cell(rule or deal.reasons, "prose", deal.reasons if rule else ""),
        *([Cell(changed, detail=stays)] if is_compared else []),
        Cell(deal.team),
    ]


def _fold(
    view: View, told: Templates, row: Mapping[str, object], known: Mapping[str, object]
) -> Fold:
    """What is read when a deal is looked into: the brief, and what stands behind the move."""
    words = view.words
    written = briefs.brief(view, told, row, known)
    parts = [
        (words("column.brief"), written, told.language),
        (words("column.question"), words.label("question", text(row["question"])), ""),
        (words("column.chase"), moves.chase(view, row, known), ""),
        (words("column.promises"), moves.promises(view, known), ""),
    ]
    value = real(row.get("value_per_hour"))
    if value is not None:
        parts.append((words("column.value_per_hour"), view.formats.amount(value), ""))
    title = words("fold_brief" if written else "fold_plain")
    return Fold(title, [part for part in parts if part[1]])


def lifted_table(marts: Marts, view: View) -> Table | None:
    """Deals that are no longer on the list, those that left it last first; None where none did."""
    words = view.words
    rows = records(marts["flags_lifted"])
    if not rows:
        return None
    rows.sort(key=lambda row: text(row["deal_id"]))
    rows.sort(key=lambda row: text(row["flagged_on"])[:10], reverse=True)
    return Table(
        id="flags-lifted",
        caption=words("table.flags_lifted"),
        columns=[Column(words(f"column.{name}")) for name in ("account", "flagged_on", "now")],
        rows=[
            [
                Cell(
                    text(row.get("account")) or text(row["deal_id"]),
                    detail=text(row["deal_id"]) if text(row.get("account")) else "",
                ),
                Cell(view.formats.day(row["flagged_on"])),
                Cell(words.label("lifted", text(row["status"]))),
            ]
            for row in rows[:ROWS_SHOWN]
        ],
        note=words(
            "table_cut",
            shown=view.formats.count(ROWS_SHOWN),
            all=view.formats.count(len(rows)),
            file="tables/flags_lifted.csv",
        )
        if len(rows) > ROWS_SHOWN
        else "",
    )


def returns_table(marts: Marts, view: View) -> Table | None:
    """Deals let go whose promised day to return has come; None where there are none."""
    frame = marts["returns_due"]
    if frame.empty:
        return None
    ordered = frame.sort_values(["days_overdue", "deal_id"], ascending=[False, True], kind="stable")
    columns = ("account", "deal_id", "team", "return_on", "days_overdue")
    return frame_table(view, "returns_due", ordered, columns, ROWS_SHOWN)


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
