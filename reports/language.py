"""The words of one language, read from a locale file; a key that is missing stops the build."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from markupsafe import Markup

from reports.particles import PAIRS, particle

LOCALES = Path(__file__).parent / "locales"
_EMPHASIS = re.compile(r"\*\*(.+?)\*\*")
_PLACE = re.compile(r"\{(\w+)\}")
_QUIET = Markup('<span class="interval">{}</span>')


class MissingWordsError(LookupError):
    """A page asks for a sentence, or a sentence for a value, that is not there."""


def languages() -> list[str]:
    """The languages that pages can be written in: each has a file ``locales/<language>.toml``."""
    return sorted(path.stem for path in LOCALES.glob("*.toml") if "." not in path.stem)


class _Filled(str):
    """What fills a placeholder. In Korean a particle may follow it: ``{account:은/는}``.

    ``{account:~은/는}`` is the particle alone, for one that stands after a mark: “{account}”...
    """

    __slots__ = ()

    def __format__(self, wanted: str) -> str:
        pair = wanted.removeprefix("~")
        if pair not in PAIRS:
            return format(str(self), wanted)
        return ("" if pair != wanted else str(self)) + particle(str(self), pair)


class _FilledMarkup(_Filled):
    """The same of markup: what is read aloud are its words."""

    __slots__ = ()

    def __html_format__(self, wanted: str) -> Markup:
        said = Markup(str(self))
        pair = wanted.removeprefix("~")
        if pair not in PAIRS:
            return said
        return ("" if pair != wanted else said) + Markup(particle(said.striptags(), pair))


class Words:
    """Sentences and labels of one language, called by dotted key: ``words("page.brief.title")``.

    Placeholders are filled by name. Only :meth:`html` gives markup, and it escapes what it fills
    in, so a name from a CRM stays text wherever it lands.
    """

    def __init__(self, language: str, sentences: Mapping[str, str]) -> None:
        self.language = language
        self._sentences = sentences
        self._patterns: list[tuple[re.Pattern[str], str]] | None = None

    @classmethod
    def read(cls, language: str, vocabulary: str = "") -> "Words":
        """Reads ``locales/<language>.toml``; raises FileNotFoundError where there is none.

        Over it goes ``locales/<vocabulary>.<language>.toml`` where there is one: its ``[instead]``
        names words that stand for others in every sentence, and what else it holds are sentences
        that take the place of those of the same key.
        """
        sentences = _sentences(LOCALES / f"{language}.toml")
        own = LOCALES / f"{vocabulary}.{language}.toml"
        if not own.exists():
            return cls(language, sentences)
        told = _sentences(own)
        prefix = "instead."
        instead = {
            key.removeprefix(prefix).lower(): told.pop(key)
            for key in list(told)
            if key.startswith(prefix)
        }
        return cls(language, {**_reworded(sentences, instead), **told})

    def __call__(self, key: str, **values: object) -> str:
        """The sentence of a key as plain text."""
        try:
            return _EMPHASIS.sub(r"\1", self._sentence(key)).format(**_filling(values))
        except (KeyError, IndexError) as error:
            raise self._unfilled(key, error) from error

    def html(self, key: str, **values: object) -> Markup:
        """The sentence of a key as markup: values escaped, ``**marked words**`` set strong."""
        sentence = Markup(_EMPHASIS.sub(r"<strong>\1</strong>", self._sentence(key)))
        quiet = {**values, "interval": _QUIET.format(values.get("interval", ""))}
        try:
            return sentence.format(**_filling(quiet))
        except (KeyError, IndexError) as error:
            raise self._unfilled(key, error) from error

    def count(self, key: str, number: int, text: str) -> str:
        """A counted noun, ``text`` being the number as it is printed: "1 deal", "1,200 deals"."""
        return self(f"{key}.{'one' if number == 1 else 'other'}", n=text)

    def has(self, key: str) -> bool:
        """Whether the language has this key."""
        return key in self._sentences

    def label(self, group: str, value: object) -> str:
        """The label of a value from the data; a value the language does not know stays itself."""
        key = f"{group}.{value}"
        return self._sentences[key] if key in self._sentences else str(value)

    def told(self, said: str) -> str:
        """What the pipeline says in English, in this language; as it is where none is known.

        ``[told]`` names such sentences by their English words. {Places} in them stand for what
        differs each time, and keep it.
        """
        for pattern, sentence in self._told():
            found = pattern.fullmatch(said)
            if found is not None:
                return sentence.format(**_filling(found.groupdict()))
        return said

    def keys(self, prefix: str) -> list[str]:
        """Keys under a dotted prefix, in the order of the file."""
        return [key for key in self._sentences if key.startswith(f"{prefix}.")]

    def _told(self) -> list[tuple[re.Pattern[str], str]]:
        if self._patterns is None:
            prefix = "told."
            said = [key.removeprefix(prefix) for key in self.keys("told")]
            # The most words first: “{n} deals” would take “3 of 5 deals” for a number of deals.
            said.sort(key=lambda sentence: -len(_PLACE.sub("", sentence)))
            self._patterns = [(_pattern(each), self._sentences[prefix + each]) for each in said]
        return self._patterns

    def _sentence(self, key: str) -> str:
        if key not in self._sentences:
            raise MissingWordsError(
                f"locales/{self.language}.toml has no words for {key!r}; add the key there"
            )
        return self._sentences[key]

    def _unfilled(self, key: str, error: Exception) -> MissingWordsError:
        return MissingWordsError(
            f"locales/{self.language}.toml: {key!r} has a placeholder {error} that the page "
            "does not fill; rename it, or give the value where the page asks for the sentence"
        )


def _pattern(said: str) -> re.Pattern[str]:
    """An English sentence with {places} as a pattern that a whole sentence fits."""
    parts = _PLACE.split(said)
    named = [
        f"(?P<{part}>.+?)" if place % 2 else re.escape(part) for place, part in enumerate(parts)
    ]
    return re.compile("".join(named), re.DOTALL)


def _filling(values: Mapping[str, object]) -> dict[str, object]:
    return {
        name: _FilledMarkup(value)
        if isinstance(value, Markup)
        else _Filled(value)
        if isinstance(value, str)
        else value
        for name, value in values.items()
    }


def _sentences(path: Path) -> dict[str, str]:
    return _flatten(tomllib.loads(path.read_text(encoding="utf-8")))


def _reworded(sentences: Mapping[str, str], instead: Mapping[str, str]) -> dict[str, str]:
    """Sentences with whole words replaced, longest first; what stands in braces is no word.

    A word that Hangul stands for may have an ending; a particle among PAIRS follows the new word.
    """
    spoken = [word for word, new in instead.items() if "가" <= new[-1] <= "힣"]
    plain = [word for word in instead if word not in spoken]
    endings = "|".join(ending for pair in PAIRS for ending in pair.split("/"))
    patterns = [r"\{[^}]*\}"]
    if plain:
        patterns.append(rf"(?<![\w/.])(?:{_any_of(plain)})(?![\w/]|\.\w)")
    if spoken:
        patterns.append(rf"(?<!\w)(?P<word>{_any_of(spoken)})(?:(?P<end>{endings})(?!\w))?")
    pattern = re.compile("|".join(patterns), re.IGNORECASE)
    pair_of = {ending: pair for pair in PAIRS for ending in pair.split("/")}

    def said(match: re.Match[str]) -> str:
        found, groups = match[0], match.groupdict()
        if found.startswith("{"):
            return found
        if groups.get("word"):
            new = instead[groups["word"].lower()]
            return new + (particle(new, pair_of[groups["end"]]) if groups["end"] else "")
        word = instead[found.lower()]
        starts = found[:1].isupper() and not found.isupper()
        return word[:1].upper() + word[1:] if starts else word

    return {key: pattern.sub(said, sentence) for key, sentence in sentences.items()}


def _any_of(words: list[str]) -> str:
    return "|".join(re.escape(word) for word in sorted(words, key=len, reverse=True))


def _flatten(tree: Mapping[str, object], prefix: str = "") -> dict[str, str]:
    flat: dict[str, str] = {}
    for name, value in tree.items():
        if isinstance(value, Mapping):
            flat.update(_flatten(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = str(value)
    return flat
