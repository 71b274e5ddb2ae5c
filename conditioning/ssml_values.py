"""What the attributes of SSML mean in our units.

SSML 1.1 leaves the meaning of its labels (``slow``, ``x-high`` …) to the processor; ours are in the tables below.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from checkpoints.errors import InputError
from conditioning.emotion import NEUTRAL, Emotion
from conditioning.line import MAX_PAUSE_S, Delivery, clipped_delivery
from conditioning.registry import nearest
from conditioning.words import lookup

__all__ = ["STYLES", "Style", "break_s", "express_as", "phones_of", "prosody", "say_as", "with_emphasis"]

RATES = {"x-slow": 0.6, "slow": 0.8, "medium": 1.0, "default": 1.0, "fast": 1.25, "x-fast": 1.6}
PITCHES_ST = {"x-low": -6.0, "low": -3.0, "medium": 0.0, "default": 0.0, "high": 3.0, "x-high": 6.0}
RANGES = {"x-low": 0.25, "low": 0.6, "medium": 1.0, "default": 1.0, "high": 1.4, "x-high": 1.9}
VOLUMES_DB = {
    "silent": -40.0, "x-soft": -12.0, "soft": -6.0, "medium": 0.0, "default": 0.0, "loud": 6.0, "x-loud": 12.0,
}  # fmt: skip
BREAKS_S = {"none": 0.0, "x-weak": 0.1, "weak": 0.2, "medium": 0.4, "strong": 0.8, "x-strong": 1.4}
EMPHASES = {"strong": 1.0, "moderate": 0.5, "none": 0.0, "reduced": -0.5}

#: A pitch in hertz is taken relative to this level, between the means of men's and women's speech (about 120 and
#: 210 Hz; I. Titze, *Principles of Voice Production*, 1994), since a line does not know its voice.
REFERENCE_F0_HZ = 165.0

#: The styles of Azure's documentation of ``mstts:express-as``, as words or weights of ours; None where a style is a
#: manner without an emotion.
STYLES: Mapping[str, str | None] = {
    "cheerful": "cheerful", "sad": "sad", "angry": "angry", "excited": "excited", "friendly": "friendly",
    "terrified": "terrified", "shouting": "anger:0.6, anticipation:0.5", "unfriendly": "anger:0.3, disgust:0.4",
    "whispering": "fear:0.15, trust:0.2", "hopeful": "hopeful", "affectionate": "affectionate", "calm": "calm",
    "disgruntled": "disgust:0.4, anger:0.4", "serious": "serious", "fearful": "fearful", "envious": "envious",
    "embarrassed": "embarrassed", "depressed": "depressed", "gentle": "trust:0.5, joy:0.2", "relieved": "relieved",
    "lyrical": "joy:0.4, trust:0.4", "poetry-reading": "joy:0.2, sadness:0.3", "sorry": "remorse", "guilty": "guilty",
    "empathetic": "compassion", "story": "anticipation:0.3", "strict": "anger:0.3, anticipation:0.3",
    "advertisement_upbeat": "joy:0.7, anticipation:0.5", "assistant": "trust:0.3, joy:0.1",
    "sports_commentary": "anticipation:0.5, joy:0.3", "livecommercial": "joy:0.6, anticipation:0.6",
    "sports_commentary_excited": "anticipation:0.9, joy:0.6, surprise:0.3", "customerservice": "trust:0.5, joy:0.2",
    "chat": "joy:0.3", "chat-casual": "joy:0.3",
    "newscast": None, "newscast-casual": None, "newscast-formal": None, "narration-professional": None,
    "narration-relaxed": "calm:0.7", "documentary-narration": None, "general": None, "default": None,
}  # fmt: skip

_SPELLED = frozenset({"characters", "spell-out", "digits", "telephone", "verbatim"})
_NUMBERS = frozenset({"cardinal", "number"})
_TIME = re.compile(r"\+?(\d+(?:\.\d*)?|\.\d+)(ms|s)")
_NUMBER = re.compile(r"([+-]?)(\d+(?:\.\d*)?|\.\d+)(%|st|Hz|dB)?", re.IGNORECASE)
_IPA_PHONE = re.compile("[ˈˌ]?(?:[td]͡?[ʃʒ]|[aeɔo]͡?[ɪʊ]|[^\\W\\d_ˈˌ])[ːˑʰʲʷˠ̩̯̃̊̚]*")


@dataclass(frozen=True)
class Style:
    """What holds for the text at one point of a document.

    Attributes
    ----------
    emotion : Emotion or None
    delivery : Delivery
    replacement : str or None
        Said instead of the text, once, at the element's end.
    phones : tuple of str or None
        Sounded instead of the text.
    spelled, ordinal : bool
        Read character by character; as an ordinal number.
    heard : list of str
        The text that the phones replace, gathered while it is read.
    """

    emotion: Emotion | None = None
    delivery: Delivery = field(default_factory=Delivery)
    replacement: str | None = None
    phones: tuple[str, ...] | None = None
    spelled: bool = False
    ordinal: bool = False
    heard: list[str] = field(default_factory=list)

    def saying(self, text: str) -> Style:
        """Return the style that says ``text`` in place of what it encloses."""
        return replace(self, replacement=text, heard=[])

    def sounding(self, phones: tuple[str, ...] | None) -> Style:
        """Return the style that sounds ``phones``; unchanged for None."""
        return self if phones is None else replace(self, replacement="", phones=phones, heard=[])

    def rewrite(self, text: str) -> str:
        """Return text as ``say-as`` wants it read."""
        if self.spelled:
            return " ".join(character for character in text if not character.isspace())
        if self.ordinal:
            return re.sub(r"\d+", lambda match: match[0] + _ordinal_ending(int(match[0][-2:])), text)
        return text


def break_s(attributes: Mapping[str, str]) -> float:
    """Return the length of a ``break`` in seconds; ``time`` wins over ``strength``."""
    if "time" in attributes:
        return _seconds(attributes["time"])
    return _label("break strength", attributes.get("strength", "medium"), BREAKS_S)


def prosody(style: Style, attributes: Mapping[str, str], warnings: list[str]) -> Style:
    """Return the style inside a ``prosody`` element; nested ones multiply and add."""
    old = style.delivery
    new = clipped_delivery(
        rate=old.rate * _rate(attributes.get("rate", "medium")),
        pitch_st=old.pitch_st + _pitch_st(attributes.get("pitch", "medium")),
        range_scale=old.range_scale * _range(attributes.get("range", "medium")),
        gain_db=old.gain_db + _gain_db(attributes.get("volume", "medium")),
        emphasis=old.emphasis,
    )
    for name in attributes.keys() - {"rate", "pitch", "range", "volume", "xml:lang"}:
        warnings.append(f"SSML: <prosody {name}=…> is not supported and was ignored")
    return replace(style, delivery=new)


def with_emphasis(style: Style, attributes: Mapping[str, str]) -> Style:
    """Return the style inside an ``emphasis`` element."""
    level = _label("emphasis level", attributes.get("level", "moderate"), EMPHASES)
    return replace(style, delivery=replace(style.delivery, emphasis=level))


def say_as(style: Style, attributes: Mapping[str, str], warnings: list[str]) -> Style:
    """Return the style inside a ``say-as`` element."""
    kind = attributes.get("interpret-as", "")
    if kind in _SPELLED:
        return replace(style, spelled=True)
    if kind == "ordinal":
        return replace(style, ordinal=True)
    if kind not in _NUMBERS:
        warnings.append(f"SSML: <say-as interpret-as={kind!r}> is not supported; the text is read as written")
    return style


def phones_of(attributes: Mapping[str, str], warnings: list[str]) -> tuple[str, ...] | None:
    """Return the IPA phones of a ``phoneme`` element, or None where the alphabet is not IPA.

    Examples
    --------
    >>> phones_of({"ph": "təˈmeɪtoʊ"}, [])
    ('t', 'ə', 'm', 'ˈeɪ', 't', 'oʊ')
    """
    alphabet = attributes.get("alphabet", "ipa")
    if alphabet != "ipa":
        warnings.append(f"SSML: the phoneme alphabet {alphabet!r} is not supported; the text is read instead")
        return None
    phones = _stress_on_vowels(_IPA_PHONE.findall(attributes.get("ph", "")))
    if not phones:
        raise InputError(f"phoneme needs ph with IPA phones, not ph={attributes.get('ph', '')!r}")
    return phones


def express_as(style: Style, attributes: Mapping[str, str], warnings: list[str]) -> Style:
    """Return the style inside ``mstts:express-as``; ``styledegree`` from 0.01 to 2 scales the emotion."""
    name = attributes.get("style", "").strip().casefold()
    degree = _number(attributes.get("styledegree", "1"), "styledegree")
    if not 0.01 <= degree <= 2.0:
        raise InputError(f"styledegree={attributes['styledegree']!r} is not allowed; it runs from 0.01 to 2")
    for other in attributes.keys() - {"style", "styledegree", "xml:lang"}:
        warnings.append(f"SSML: <express-as {other}=…> is not supported and was ignored")
    if name in STYLES:
        text = STYLES[name]
        return replace(style, emotion=NEUTRAL if text is None else degree * Emotion.parse(text))
    emotion = lookup(name)
    if emotion is None:
        warnings.append(f"SSML: the style {name!r} is unknown and was ignored{nearest(name, list(STYLES))}")
        return style
    return replace(style, emotion=degree * emotion)


_VOWELS = frozenset("aeiouyæɑɒɔəɚɛɜɝɐɞɘɨɪʉʊʌøœɤɯ")


def _stress_on_vowels(phones: list[str]) -> tuple[str, ...]:
    """Move the stress mark from the syllable's first phone to its vowel, where our alphabet has it."""
    moved: list[str] = []
    stress = ""
    for phone in phones:
        if phone[0] in "ˈˌ":
            stress, phone = phone[0], phone[1:]
        if stress and phone[0] in _VOWELS:
            phone, stress = stress + phone, ""
        moved.append(phone)
    return tuple(moved)


def _ordinal_ending(number: int) -> str:
    if 10 <= number <= 20:
        return "th"
    return {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")


def _rate(text: str) -> float:
    if text in RATES:
        return RATES[text]
    relative, value, unit = _number_with_unit("prosody rate", text, ("%", ""), RATES)
    share = value / 100 if unit == "%" else value
    return 1 + share if relative else share


def _pitch_st(text: str) -> float:
    if text in PITCHES_ST:
        return PITCHES_ST[text]
    relative, value, unit = _number_with_unit("prosody pitch", text, ("%", "st", "hz"), PITCHES_ST)
    if unit == "st":
        return value
    ratio = 1 + value / 100 if unit == "%" else (REFERENCE_F0_HZ * relative + value) / REFERENCE_F0_HZ
    return 12 * math.log2(max(ratio, 2**-2))


def _range(text: str) -> float:
    if text in RANGES:
        return RANGES[text]
    relative, value, _ = _number_with_unit("prosody range", text, ("%",), RANGES)
    return max(0.0, 1 + value / 100) if relative else value / 100


def _gain_db(text: str) -> float:
    if text in VOLUMES_DB:
        return VOLUMES_DB[text]
    relative, value, unit = _number_with_unit("prosody volume", text, ("%", "db", ""), VOLUMES_DB)
    if unit == "db":
        return value
    # Without dB, Microsoft and SSML 1.0 count from 0 to 100; a sign makes it relative.
    share = 1 + value / 100 if relative else value / 100
    return 20 * math.log10(max(share, 1e-2))


def _number_with_unit(
    what: str, text: str, units: tuple[str, ...], labels: Mapping[str, float]
) -> tuple[bool, float, str]:
    """Return whether a number has a sign, which makes it relative, the number, and its unit in lower case."""
    match = _NUMBER.fullmatch(text.strip())
    unit = (match[3] or "").lower() if match else ""
    if match is None or unit not in units:
        shown = " or ".join(f"a number with {u}" if u else "a number" for u in units)
        raise InputError(f"{what}={text[:40]!r} is not allowed; give {', '.join(labels)} or {shown}")
    return bool(match[1]), float(match[1] + match[2]), unit


def _label(what: str, text: str, labels: Mapping[str, float]) -> float:
    if text not in labels:
        raise InputError(f"{what}={text[:40]!r} is not allowed; give {', '.join(labels)}{nearest(text, list(labels))}")
    return labels[text]


def _seconds(text: str) -> float:
    match = _TIME.fullmatch(text.strip())
    seconds = float(match[1]) * (0.001 if match[2] == "ms" else 1.0) if match else math.inf
    if seconds > MAX_PAUSE_S:
        raise InputError(
            f"break time={text[:40]!r} is not allowed; give up to {MAX_PAUSE_S:g} s, such as 500ms or 1.5s"
        )
    return seconds


def _number(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{what}={text[:40]!r} is not a number") from None
