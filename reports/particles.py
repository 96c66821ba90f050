"""Korean particles after any name: which of two forms follows, by how the name is read.

Hangul tells by its final consonant (Unicode 16, chapter 18.6: a syllable is 0xAC00 + 28 x ... +
final). Digits are read as Sino-Korean numbers. Latin words are read as loan words, short ones in
capitals letter by letter. Where the reading is not plain, both forms are written: 은(는).
"""

import re

# Each pair: after a final consonant, after none, and where it is not known which.
PAIRS = {
    "은/는": ("은", "는", "은(는)"),
    "이/가": ("이", "가", "이(가)"),
    "을/를": ("을", "를", "을(를)"),
    "과/와": ("과", "와", "과(와)"),
    "으로/로": ("으로", "로", "(으)로"),
}
_NONE, _RIEUL, _OTHER = "none", "rieul", "other"
_FIRST, _LAST = 0xAC00, 0xD7A3
_FINALS, _FINAL_RIEUL = 28, 8
# 영 일 이 삼 사 오 육 칠 팔 구
_DIGITS = dict(zip("0123456789", "ornonnorrn", strict=True))
# The letters whose names end in a consonant: 엘, 엠, 엔, 알.
_LETTERS = {"l": _RIEUL, "m": _OTHER, "n": _OTHER, "r": _RIEUL}
_KINDS = {"n": _NONE, "r": _RIEUL, "o": _OTHER}
# How a Latin word ends, and so how its last syllable in Hangul does; the first that fits counts.
_ENDINGS = (
    (r"[^aeiou]le", _RIEUL),  # Google, Apple
    (r"l", _RIEUL),
    (r"[mn]e", None),  # Line has a final consonant, Acme has none
    (r"ng|[mn]", _OTHER),
    (r"[aiouywe]", _NONE),
    (r"[aeiou]ck|ic", _OTHER),  # Slack, Logic
    (r"[^aeiou][ptk]", _NONE),  # Soft, Bank
    (r"[rsxzfvdghjq]", _NONE),
)
_SPOKEN_IN_LETTERS = 3  # capitals up to so many are read one by one


def with_particle(name: str, pair: str) -> str:
    """The name with the right one of a pair of PAIRS. Raises KeyError for another pair."""
    return name + particle(name, pair)


def particle(name: str, pair: str) -> str:
    """The right one of a pair of PAIRS after a name. Raises KeyError for another pair."""
    final, none, unsure = PAIRS[pair]
    sound = _sound(name)
    if sound is None:
        return unsure
    if sound == _RIEUL and pair == "으로/로":
        sound = _NONE
    return none if sound == _NONE else final


def _sound(name: str) -> str | None:
    """How a name ends when it is read aloud; None where that is not plain.

    What stands in brackets at the end is not read, nor are marks.
    """
    read = re.sub(r"\s*[(\[（][^()\[\]（）]*[)\]）]\s*$", "", name) or name
    read = re.sub(r"[^\w%]+$", "", read)
    if not read:
        return None
    last = read[-1]
    if last == "%":  # 퍼센트
        return _NONE
    if _FIRST <= ord(last) <= _LAST:
        final = (ord(last) - _FIRST) % _FINALS
        return _NONE if final == 0 else _RIEUL if final == _FINAL_RIEUL else _OTHER
    if last in _DIGITS:
        return _number(read)
    word = re.search(r"[A-Za-z]+$", read)
    return None if word is None else _latin(word[0])


def _number(read: str) -> str | None:
    digits = re.search(r"[0-9][0-9,.]*$", read)
    written = "" if digits is None else digits[0]
    if "." in written:  # digits after a point are read one by one
        return _KINDS[_DIGITS[written[-1]]]
    whole = written.replace(",", "")
    zeros = len(whole) - len(whole.rstrip("0"))
    if 0 < zeros < len(whole):
        # 십, 백, 천, 만, 억 end in a consonant, 조 does not; beyond it nobody reads aloud.
        return _OTHER if zeros < 12 else _NONE if zeros < 16 else None
    return _KINDS[_DIGITS[whole[-1]]]


def _latin(word: str) -> str | None:
    letter = _LETTERS.get(word[-1].lower(), _NONE)
    if word.isupper() and len(word) <= _SPOKEN_IN_LETTERS:
        return letter
    low = word.lower()
    found = next((sound for end, sound in _ENDINGS if re.search(f"(?:{end})$", low)), None)
    if word.isupper() and found != letter:
        return None
    return found
