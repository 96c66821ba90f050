"""Any text as TOML: keys, values and comments that a TOML reader takes back as they were."""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

# Room is left for lines that are shown further in.
WIDTH = 90
SHORT = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Controls, and what would break a line or turn its direction on a screen.
ODD = ("Cc", "Cf", "Zl", "Zp")


def quoted(text: str) -> str:
    """A basic string of TOML."""
    return f'"{"".join(_letter(letter) for letter in text)}"'


def _letter(letter: str) -> str:
    if letter in SHORT:
        return SHORT[letter]
    kind = unicodedata.category(letter)
    if kind == "Cs":
        # Half of a pair is no text, in TOML or anywhere else.
        return "\ufffd"
    if kind not in ODD:
        return letter
    return f"\\u{ord(letter):04x}" if ord(letter) <= 0xFFFF else f"\\U{ord(letter):08x}"


def comment(text: str) -> str:
    """A comment on one line."""
    plain = "".join(
        "\ufffd"
        if unicodedata.category(letter) == "Cs"
        else " "
        if unicodedata.category(letter) in ODD
        else letter
        for letter in text
    )
    return f"# {' '.join(plain.split())}"


@dataclass(frozen=True)
class Line:
    """One setting to propose: without a value it is commented out and `...` stands for one."""

    section: str
    key: str
    values: tuple[str, ...]
    why: str
    is_active: bool

    @property
    def text(self) -> str:
        """The line, with its reason behind it or, where that is too long, above it."""
        if len(self.values) == 1:
            value = quoted(self.values[0])
        elif self.values:
            value = f"[{', '.join(quoted(each) for each in self.values)}]"
        else:
            value = '"..."'
        said = f"{'' if self.is_active else '# '}{quoted(self.key)} = {value}"
        why = comment(self.why)
        return f"{said}  {why}" if len(said) + len(why) + 2 <= WIDTH else f"{why}\n{said}"


def block(lines: Sequence[Line], heads: dict[str, Sequence[str]]) -> str:
    """The lines below the headings of their sections, each once, with what is said of a section."""
    parts = []
    for section, said in heads.items():
        own = [line.text for line in lines if line.section == section]
        if own:
            notes = [f"# {part}" for each in said for part in textwrap.wrap(each, WIDTH - 2)]
            parts.append("\n".join([f"[{section}]", *notes, *own]))
    return "\n\n".join(parts)
