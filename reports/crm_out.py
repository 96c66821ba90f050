"""What goes back to a CRM: one file for the importer of each, in five columns under its own names.

A file holds the deals that are flagged tonight, and those that an earlier night flagged and tonight
does not: an importer keeps what a record holds where a file leaves it out, and most keep it where a
cell is empty, so a lifted flag is overwritten by words. UTF-8 without a byte order mark, commas,
lines that end in a line feed: what the Bulk API 2.0 of Salesforce (developer guide, "Prepare CSV
Files") and HubSpot's importer (knowledge base, "Set up import files") ask for.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from reports.formats import flag, text
from reports.marts import Marts, records
from reports.reasons import reasons
from reports.sheets import harmless
from reports.views import View
from reports.worklist import risk

COLUMNS = ("id", "risk", "move", "reasons", "as_of")
KEPT, ENDED = "keep", "ended"  # the moves of deals whose flag is lifted: still open, and closed
# An importer knows a record by its id alone. A deal that its export knew only by name has none.
_IDS: Mapping[str, re.Pattern[str]] = {
    "salesforce": re.compile(r"006[0-9A-Za-z]{15}"),
    "hubspot": re.compile(r"[0-9]+"),
    "pipedrive": re.compile(r"[0-9]+"),
}


def destinations(view: View) -> dict[str, Mapping[str, object]]:
    """The CRMs that tonight's deals came from, each with the names of its fields.

    None for a night that replays a past day, which is nothing to act on.
    """
    named, sources = view.settings_of("crm_out"), view.run.get("sources")
    if view.run.get("is_replayed") or not isinstance(sources, (list, tuple)):
        return {}
    found = {crm: named.get(crm) for crm in _IDS if crm in sources}
    return {crm: fields for crm, fields in found.items() if isinstance(fields, Mapping)}


def write(marts: Marts, view: View, folder: Path) -> None:
    """Writes ``<crm>.csv`` for every CRM of tonight's deals into a new folder, if there is any."""
    for crm, fields in destinations(view).items():
        folder.mkdir(exist_ok=True)
        with (folder / f"{crm}.csv").open("w", encoding="utf-8", newline="") as file:
            lines = csv.writer(file, lineterminator="\n")
            lines.writerow([text(fields[column]) for column in COLUMNS])
            lines.writerows(sorted(_rows(marts, view, crm, text(fields.get("empty")))))


def _rows(marts: Marts, view: View, crm: str, empty: str) -> Iterator[list[str]]:
    """The lines of a CRM's file: id, risk, move, reasons, as of."""
    as_of = text(view.run["as_of"])[:10]
    for row, move, why in (*_flagged(marts, view), *_lifted(marts, view)):
        source, _, crm_id = text(row["deal_id"]).partition(":")
        if source == crm and _IDS[crm].fullmatch(crm_id):
            chance = risk(row)
            said = " ".join(why.split()) or view.words("unknown")
            yield [
                crm_id,
                empty if chance is None else f"{chance:.4f}",
                move,
                text(harmless(said)),
                as_of,
            ]


def _flagged(marts: Marts, view: View) -> Iterator[tuple[dict[str, object], str, str]]:
    for row in records(marts["worklist"]):
        if flag(row.get("is_flagged")):
            yield row, text(row["move"]), reasons(view, row)


def _lifted(marts: Marts, view: View) -> Iterator[tuple[dict[str, object], str, str]]:
    for row in records(marts["flags_lifted"]):
        is_open = text(row["status"]) == "open"
        day = view.formats.day(row["flagged_on"])
        # The risk of a deal that has ended is nothing to act on.
        chances = ("p_no_decision", "p_no_decision_if_pursued")
        known = {name: row.get(name) if is_open else None for name in chances}
        said = view.words("flag_lifted" if is_open else "flag_ended", day=day)
        yield {"deal_id": row["deal_id"], **known}, KEPT if is_open else ENDED, said
