"""The templates of briefs: read from a locale file, an analyst's own over it, and checked whole."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reports.language import LOCALES
from reports.particles import PAIRS, with_particle

LANGUAGES = ("en", "ko")
WORD_LIMIT = 120  # a brief has fewer
# How many words a fact may have; a name or a text of more is not one that a brief can hold.
FACT_WORDS: Mapping[str, int] = {
    **dict.fromkeys(("account", "incumbent"), 5),
    **dict.fromkeys(("differs", "changing", "misfit"), 12),
    **dict.fromkeys(("silence_days", "options"), 1),
    **dict.fromkeys(("step_was_due_on", "step_is_due_on", "return_on"), 3),
    "offer": 2,
}
MOVES = ("help_decide", "disqualify")
# The lines of a brief in their order, by move.
LINES: Mapping[str, Sequence[str]] = {
    "help_decide": (
        *("opening_help_decide", "silence", "step", "options", "differs", "stays", "changing"),
        *("offer", "ask", "closing_help_decide"),
    ),
    "disqualify": (
        *("opening_disqualify", "silence", "misfit", "differs", "stays", "changing"),
        *("ask", "closing_disqualify", "next_time"),
    ),
}
# Left out one after the other where a brief would grow too long; the others always fit.
FIRST_TO_GO = ("options", "offer", "step", "silence", "misfit")
QUESTIONS = (
    *("still_wanted", "what_moved_the_date", "which_option_falls_away", "who_else_decides"),
    *("what_is_missing_to_decide", "next_step_of_yours"),
)
SECTIONS: Mapping[str, frozenset[str]] = {
    "line": frozenset(name for lines in LINES.values() for name in lines),
    "question": frozenset(QUESTIONS),
    "date": frozenset(("form", "months")),
}
_PLACE = re.compile(r"\{(\w+)(?::([^{}]*))?\}")


class BriefTemplateError(ValueError):
    """Templates that cannot be used; the message names file, line and key."""


@dataclass(frozen=True)
class Templates:
    """The lines and questions of a language, each with its alternatives in order."""

    language: str
    line: Mapping[str, Sequence[str]]
    question: Mapping[str, Sequence[str]]
    form: str
    months: Sequence[str]

    @classmethod
    def read(cls, language: str, vocabulary: str = "", own: str = "") -> "Templates":
        """The templates of a language, those of a vocabulary and of a file of one's own over them.

        `own` is the path of that file; only what it changes must stand in it. Raises
        BriefTemplateError for a file that is missing or broken, a key or fact that there is not,
        and lines so long that a brief could not stay below WORD_LIMIT words.
        """
        spoken = LOCALES / f"{vocabulary}.briefs.{language}.toml"
        paths = [
            LOCALES / f"briefs.{language}.toml",
            *([spoken] if spoken.exists() else []),
            *([Path(own)] if own else []),
        ]
        told: dict[str, dict[str, Sequence[str]]] = {name: {} for name in SECTIONS}
        for path in paths:
            for section, found in _read(path).items():
                told[section].update(found)
        templates = cls(
            language,
            told["line"],
            told["question"],
            told["date"]["form"][0],
            told["date"]["months"],
        )
        _refuse_long(templates, paths[-1])
        return templates

    def day(self, on: date) -> str:
        """A day as a buyer of this language reads it."""
        return self.form.format(day=on.day, month=self.months[on.month - 1], year=on.year)


def filled(alternatives: Sequence[str], facts: Mapping[str, str]) -> str:
    """The first of the alternatives whose facts are all known, filled in; '' where there is none.

    A fact in braces may ask for a Korean particle after it, `{account:은/는}`.
    """

    def put(match: re.Match[str]) -> str:
        fact = facts[match[1]]
        return with_particle(fact, match[2]) if match[2] else fact

    for text in alternatives:
        if all(match[1] in facts for match in _PLACE.finditer(text)):
            return _PLACE.sub(put, text)
    return ""


def words(text: str) -> int:
    """Words as they are counted here, in either language: what stands between spaces."""
    return len(text.split())


def _read(path: Path) -> dict[str, dict[str, Sequence[str]]]:
    try:
        text = path.read_text(encoding="utf-8")
        tree = tomllib.loads(text)
    except OSError as error:
        raise BriefTemplateError(f"{path}: cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise BriefTemplateError(f"{path}: not UTF-8. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise BriefTemplateError(f"{path}: not valid TOML: {error}. Mend that line.") from error
    found: dict[str, dict[str, Sequence[str]]] = {}
    for section, lines in tree.items():
        if section not in SECTIONS or not isinstance(lines, Mapping):
            raise _wrong(path, text, "", section, f"there are only [{'], ['.join(SECTIONS)}]")
        for key, value in lines.items():
            if key not in SECTIONS[section]:
                told = ", ".join(sorted(SECTIONS[section]))
                raise _wrong(path, text, section, key, f"no such key; there are {told}")
            found.setdefault(section, {})[key] = _alternatives(path, text, section, key, value)
    return found


def _alternatives(path: Path, text: str, section: str, key: str, value: object) -> Sequence[str]:
    listed = value if isinstance(value, list) else [value]
    told = [one for one in listed if isinstance(one, str)]
    if not told or len(told) < len(listed):
        raise _wrong(path, text, section, key, "a text, or a list of texts, is wanted")
    if key == "months" and len(told) != 12:
        raise _wrong(path, text, section, key, "twelve names are wanted")
    if section == "date" and key == "form":
        known = {"day", "month", "year"}
    else:
        known = {*FACT_WORDS, *({"question"} if key == "ask" else ())}
    for one in told:
        if set("{}") & set(_PLACE.sub("", one)):
            raise _wrong(path, text, section, key, "a brace that holds no fact")
        for name, pair in _PLACE.findall(one):
            if name not in known:
                why = f"{{{name}}} is no fact; there are {', '.join(sorted(known))}"
                raise _wrong(path, text, section, key, why)
            if pair and pair not in PAIRS:
                why = f"{pair!r} is no particle; there are {', '.join(PAIRS)}"
                raise _wrong(path, text, section, key, why)
    if section == "question" and not told[-1].strip():
        raise _wrong(path, text, section, key, "a question may not be empty")
    return told


def _refuse_long(templates: Templates, path: Path) -> None:
    longest = max(_most(each, {}) for each in templates.question.values())
    for move, names in LINES.items():
        kept = [name for name in names if name not in FIRST_TO_GO]
        most = sum(_most(templates.line[name], {"question": longest}) for name in kept)
        if most >= WORD_LIMIT:
            raise BriefTemplateError(
                f"{path}: the lines {', '.join(kept)} come to as many as {most} words together "
                f"({move}); a brief has fewer than {WORD_LIMIT}. Shorten them."
            )


def _most(alternatives: Sequence[str], more: Mapping[str, int]) -> int:
    """The most words that a line may come to, whatever its facts are."""
    sizes = {**FACT_WORDS, **more}
    return max(
        words(_PLACE.sub(lambda match: " x" * sizes[match[1]], text)) for text in alternatives
    )


def _wrong(path: Path, text: str, section: str, key: str, why: str) -> BriefTemplateError:
    named = f"{section}.{key}" if section else key
    return BriefTemplateError(f"{path}, line {_line(text, section, key)}: {named}: {why}.")


def _line(text: str, section: str, key: str) -> int:
    """The line on which a key stands in a section, or the section itself; 1 where neither does."""
    here, found = "", 1
    for number, line in enumerate(text.splitlines(), start=1):
        header = re.match(r"\s*\[\s*([^\]]+?)\s*\]\s*(?:#.*)?$", line)
        if header:
            here = header[1]
            if here == (section or key):
                found = number
        elif here == section and re.match(rf"""\s*["']?{re.escape(key)}["']?\s*=""", line):
            return number
    return found
