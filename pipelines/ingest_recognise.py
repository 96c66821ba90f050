"""Which object a file holds, judged by its header, its first id and its name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.contracts import Object, header_key
from pipelines.exports import ExportError
from pipelines.values import DAMAGED_ID

# A file named like an object is that object's from this share of its fingerprint on.
LEAST_SHARED = 0.5


class Unrecognised(ExportError):
    """No contract fits this file."""


@dataclass(frozen=True)
class Recognised:
    """An object, or none; with a reason, the file is that object's but cannot be used."""

    thing: Object | None
    reason: str = ""


def recognise(
    objects: Sequence[Object], header: Sequence[str], first_id: str | None, file_name: str
) -> Recognised:
    """The object whose fingerprint a header shows, or that a file is named like.

    Either way every required column must be there and the ids must begin as that object's do. A
    file that is named like an object and fails in that, or whose header lacks nothing but the
    id, is that object's and cannot be used; any other file is no known export.
    """
    keys = {header_key(head) for head in header}
    fitting: list[tuple[bool, bool, int, int, Object]] = []
    nearest: list[tuple[float, bool, Object, set[str]]] = []
    for thing in objects:
        if thing.without & keys:
            continue
        found = frozenset(thing.places(header))
        seen = thing.shown(found)
        share = len(thing.shown(found | {"id"})) / len(thing.fingerprint)
        is_named = file_name in thing.file_names and share >= LEAST_SHARED
        required = {column.name for column in thing.columns if column.is_required}
        lacking = required - found if is_named else (required - found) | (thing.fingerprint - seen)
        if not lacking and _has_ids_of(thing, first_id):
            is_whole = seen == thing.fingerprint
            fitting.append((not thing.is_last_resort, is_whole, len(seen), len(found), thing))
        nearest.append((share, is_named, thing, lacking))
    if fitting:
        return Recognised(max(fitting, key=lambda fit: fit[:4])[4])
    if not nearest:
        return Recognised(None, "there is no contract to compare it with")
    share, is_named, thing, lacking = max(nearest, key=lambda near: near[0] + near[1])
    why = (
        f"it lacks the column {', '.join(sorted(lacking))}; its header is: {', '.join(header)}"
        if lacking
        else f"its ids do not begin with {thing.id_prefix} (the first is {first_id!r})"
    )
    if is_named or lacking == {"id"}:
        return Recognised(
            thing, f"it should be a {thing.name}, but {why}. Export it again with that"
        )
    return Recognised(None, f"nearest is {thing.name}, but {why}")


def _has_ids_of(thing: Object, first_id: str | None) -> bool:
    return (
        thing.id_prefix is None
        or first_id is None
        or first_id.startswith(thing.id_prefix)
        # Destroyed by a spreadsheet, which is told with the line it stands on.
        or re.match(DAMAGED_ID, first_id) is not None
    )
