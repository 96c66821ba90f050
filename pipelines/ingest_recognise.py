"""Which object a file holds, judged by its header, its first id and its name."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.contracts import Object
from pipelines.exports import ExportError
from pipelines.values import DAMAGED_ID


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
    fitting: list[tuple[int, Object]] = []
    nearest: list[tuple[float, Object, set[str]]] = []
    for thing in objects:
        found = set(thing.matched(header).values())
        is_named = thing.file_name == file_name
        required = {column.name for column in thing.columns if column.is_required}
        lacking = (required if is_named else required | thing.fingerprint) - found
        if not lacking and _has_ids_of(thing, first_id):
            fitting.append((len(thing.fingerprint & found), thing))
        share = len(thing.fingerprint & (found | {"id"})) / len(thing.fingerprint)
        nearest.append((share + is_named, thing, lacking))
    if fitting:
        return Recognised(max(fitting, key=lambda fit: fit[0])[1])
    if not nearest:
        return Recognised(None, "there is no contract to compare it with")
    _, thing, lacking = max(nearest, key=lambda near: near[0])
    name = thing.table.removeprefix("raw.")
    why = (
        f"it lacks the column {', '.join(sorted(lacking))}; its header is: {', '.join(header)}"
        if lacking
        else f"its ids do not begin with {thing.id_prefix} (the first is {first_id!r})"
    )
    if thing.file_name == file_name or lacking == {"id"}:
        return Recognised(thing, f"it should be a {name}, but {why}. Export it again with that")
    return Recognised(None, f"nearest is {name}, but {why}")


def _has_ids_of(thing: Object, first_id: str | None) -> bool:
    return (
        thing.id_prefix is None
        or first_id is None
        or first_id.startswith(thing.id_prefix)
        # Destroyed by a spreadsheet, which is told with the line it stands on.
        or re.match(DAMAGED_ID, first_id) is not None
    )
