"""Which object a file holds, judged by its header, its first id and its name."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from pipelines.contracts import Object, header_key
from pipelines.exports import ExportError
from pipelines.values import DAMAGED_ID

# A file named like an object is that object's from this share of its fingerprint on.
LEAST_SHARED = 0.5


class Unrecognised(ExportError):
    """No contract fits this file."""


class Ambiguous(ExportError):
    """Objects of several sources fit this file: what lies beside it has to tell."""


@dataclass(frozen=True)
class Recognised:
    """An object, or none; with a reason, the file is that object's but cannot be used."""

    thing: Object | None
    reason: str = ""


@dataclass(frozen=True)
class _Fit:
    """How well an object fits a file; the first parts weigh most."""

    is_usual: bool
    is_whole: bool
    is_of_source: bool
    seen: int
    found: int
    thing: Object

    @property
    def grade(self) -> tuple[bool, bool]:
        return self.is_usual, self.is_whole

    @property
    def rank(self) -> tuple[bool, bool, bool, int, int]:
        return self.is_usual, self.is_whole, self.is_of_source, self.seen, self.found


def called(file_name: str) -> frozenset[str]:
    """What a file is called, and without what a download or a day adds to its name."""
    bare = re.sub(r"( \(\d+\)|[-_ ]\d{4}[-_]\d{2}[-_]\d{2}.*|[-_ ]\d+)+$", "", file_name)
    return frozenset({file_name, bare})


def recognise(
    objects: Sequence[Object],
    header: Sequence[str],
    first_id: str | None,
    file_name: str,
    sources: Collection[str] | None = None,
) -> Recognised:
    """The object whose fingerprint a header shows, or that a file is named like.

    Either way every required column must be there and the ids must begin as that object's do. A
    file that is named like an object and fails in that, or whose header lacks nothing but the
    id, is that object's and cannot be used; any other file is no known export. `sources` are
    those whose deals the other files hold; they decide between equals, and while they are not
    known (None) equals of several sources raise Ambiguous.
    """
    keys = {header_key(head) for head in header}
    names = called(file_name)
    fitting: list[_Fit] = []
    nearest: list[tuple[float, bool, Object, set[str]]] = []
    for thing in objects:
        has_name = not names.isdisjoint(thing.file_names)
        if thing.without & keys or (thing.is_named_only and not has_name):
            continue
        found = frozenset(thing.places(header))
        seen = thing.shown(found)
        share = len(thing.shown(found | {"id"})) / len(thing.fingerprint)
        is_named = has_name and share >= LEAST_SHARED
        required = {column.name for column in thing.columns if column.is_required}
        lacking = required - found if is_named else (required - found) | (thing.fingerprint - seen)
        if not lacking and _has_ids_of(thing, first_id):
            is_of_source = thing.vendor in (sources or ())
            is_whole = seen == thing.fingerprint
            usual = not thing.is_last_resort
            fitting.append(_Fit(usual, is_whole, is_of_source, len(seen), len(found), thing))
        nearest.append((share, is_named, thing, lacking))
    if fitting:
        best = max(fitting, key=lambda fit: fit.rank)
        rivals = {fit.thing.vendor for fit in fitting if fit.grade == best.grade}
        if sources is None and len(rivals) > 1:
            raise Ambiguous(f"{file_name}: an export of {' or '.join(sorted(rivals))}.")
        return Recognised(best.thing)
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
