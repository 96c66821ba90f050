"""Why a deal is flagged: the model's drivers as a line that a person can argue with."""

import json
from collections.abc import Iterator, Mapping

from reports.formats import real, text
from reports.views import View

HELD_OUT = "pursue_anyway"
REASONS_SHOWN = 3


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
    found = drivers(written)
    if found is None:
        return written or _silence(view, row)
    raising = [line for weight, line in _weighed(view, found) if weight >= 0]
    lowering = [line for weight, line in _weighed(view, found) if weight < 0]
    said = "; ".join(raising[:REASONS_SHOWN])
    against = "; ".join(lowering[:1])
    if said and against:
        return view.words("reasons_both", raising=said, lowering=against)
    return said or (view.words("reasons_lowering", lowering=against) if against else "")


def drivers(written: str) -> list[object] | None:
    """The drivers of a reasons column, None where it is plain text."""
    if not written.startswith("["):
        return None
    try:
        found = json.loads(written)
    except json.JSONDecodeError:
        return None
    return found if isinstance(found, list) else None


def _weighed(view: View, told: list[object]) -> Iterator[tuple[float, str]]:
    """Weight and line of each driver, the heaviest first."""
    found = []
    for driver in told:
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
    said = view.words.count("noun.touch", round(touches or 0), view.formats.count(touches))
    return view.words("reason_silence", days=view.measure("days")(silent), touches=said)
