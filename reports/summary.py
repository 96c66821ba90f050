"""The night in figures for other programs: summary.json, and the model's card."""

import json
from collections.abc import Mapping
from pathlib import Path

from reports import method, wording
from reports.formats import flag, real, text
from reports.marts import Marts, records
from reports.views import View

VERSION = 1


def summary(marts: Marts, run: Mapping[str, object]) -> dict[str, object]:
    """Stable keys, described by summary.schema.json; a refused estimate is null."""
    mix = wording.outcome_mix(marts)
    moves = marts["worklist"]["move"].value_counts()
    return {
        "version": VERSION,
        "as_of": text(run["as_of"])[:10],
        "run": {
            "id": text(run["run_id"]),
            "sources": sorted(map(str, _items(run.get("sources")))),
            "settings": plain(run.get("settings") or {}),
            "versions": plain(run.get("versions") or {}),
            "missing": plain(_items(run.get("missing"))),
            "is_replayed": bool(run.get("is_replayed")),
            "not_known_then": {
                text(row["what"]): int(str(row["n"])) for row in records(marts["replay_limits"])
            },
        },
        "outcomes": {
            "left": mix.left,
            "counts": [
                {
                    "outcome": outcome,
                    "deals": mix.deals[outcome],
                    "share": None if outcome in wording.LEFT_OUT else mix.share(outcome),
                    "amount_base": mix.amounts[outcome],
                }
                for outcome in sorted(mix.deals)
            ],
        },
        "estimates": [_estimate(row) for row in records(marts["strategy_comparison"])],
        "break_even": plain(marts.row("break_even")) or None,
        "model": {
            "published": wording.published_model(marts) or None,
            "metrics": [
                _metric(row)
                for row in records(wording.metric_rows(marts, cause="no_decision", slice="all"))
            ],
        },
        "worklist": {str(move): int(n) for move, n in sorted(moves.items())},
        "checks": [
            {
                "check": text(row["check"]),
                "table": text(row["table"]),
                "severity": text(row["severity"]),
                "passed": flag(row["passed"]),
                "detail": text(row["detail"]),
            }
            for row in records(marts["checks"])
        ],
    }


def write(marts: Marts, view: View, out: Path) -> None:
    """Writes summary.json with its schema, and model_card.json, into ``out``."""
    schema = Path(__file__).with_name("summary.schema.json").read_text(encoding="utf-8")
    (out / "summary.schema.json").write_text(schema, encoding="utf-8")
    card = marts.facts("model_card")
    (out / "summary.json").write_text(dumped(summary(marts, view.run)), encoding="utf-8")
    (out / "model_card.json").write_text(dumped(plain(card)), encoding="utf-8")


def write_card(marts: Marts, view: View, path: Path) -> None:
    """Writes the model's card for a person to read, in Markdown."""
    words, card = view.words, marts.facts("model_card")
    lines = [f"# {words('table.model_card')}", "", words("card_intro"), ""]
    lines += [
        f"- {words.label('card', key)}: {words.label(key, method.fact(view, key, value))}"
        for key, value in card.items()
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def dumped(value: object) -> str:
    """JSON for a person to read: keys in order, one newline at the end, no NaN."""
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def plain(value: object) -> object:
    """A value with only JSON's own types: numbers finite or null, everything else text."""
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(inner) for inner in value]
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return value
    number = real(value)
    if number is not None:
        return int(number) if number == int(number) else number
    return text(value) or None


def _items(value: object) -> list[object]:
    return list(value) if isinstance(value, (list, tuple)) else []


def _estimate(row: Mapping[str, object]) -> dict[str, object]:
    is_said = text(row["verdict"]) == "ok"
    names = ("outcome", "estimand", "contrast", "method", "unit", "verdict")
    return {
        **{name: text(row[name]) for name in names},
        **{name: real(row[name]) if is_said else None for name in ("estimate", "low", "high")},
        **{name: real(row[name]) for name in ("n", "effective_n", "n_sellers")},
    }


def _metric(row: Mapping[str, object]) -> dict[str, object]:
    return {
        **{name: text(row[name]) for name in ("metric", "model", "cause", "slice")},
        **{
            name: real(row[name])
            for name in ("horizon_days", "value", "low", "high", "n", "events")
        },
        "is_thin": flag(row["is_thin"]),
    }
