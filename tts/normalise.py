"""English text as it is written → words as they are spoken.

A cleaned copy of the text, as long as the text itself, is read from left to right. At the start of each word the
rules of :mod:`tts.normalise_rules` are tried in order, then the plain word. Every token remembers where it stood,
so that times of spoken words become times of written ones.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from tts.normalise_context import Context
from tts.normalise_rules import RULES, read_word

__all__ = ["MAX_BREATH_WORDS", "Token", "breathe", "clean", "normalise", "split_plain"]

#: Longer stretches without punctuation get a breath. Speakers breathe every 10–15 words (A. Winkworth et al.,
#: "Breathing patterns during spontaneous speech", J. Speech Hear. Res. 38, 1995).
MAX_BREATH_WORDS = 24
MIN_BREATH_WORDS = 9
#: A breath goes before one of these, if there is one.
BREATH_BEFORE = frozenset(
    ("and", "but", "or", "because", "which", "that", "who", "when", "while", "where", "if", "so", "then", "although",
     "though", "before", "after", "since", "until", "unless", "with", "for", "to", "in", "on", "at", "from")
)  # fmt: skip
#: Strength of the punctuation that can be heard.
MARK_ORDER = ("", ",", ";", ":", ".", "!", "?")
REPLACED = {
    "’": "'", "‘": "'", "ʼ": "'", "`": "'", "´": "'", "′": "'", "“": '"', "”": '"', "„": '"', "«": '"', "»": '"',
    "″": '"', "‐": "-", "‑": "-", "‒": "–", "―": "—", "\u00a0": " ", "。": ".", "，": ",", "！": "!", "？": "?",
}  # fmt: skip
_GAP = re.compile(r"\s+|[^\w\s]")


@dataclass(frozen=True)
class Token:
    """A written word and what is said for it.

    Attributes
    ----------
    source : str
        As written, without the punctuation around it.
    spoken : tuple of str
        Words to say, in lower case; never empty.
    start, end : int
        Where ``source`` stands in the text.
    mark : str
        The punctuation after it that can be heard: ``""`` or one of ``, ; : . ! ?``.
    """

    source: str
    spoken: tuple[str, ...]
    start: int
    end: int
    mark: str = ""


def clean(text: str) -> str:
    """Return a text of the same length with plain quotes and spaces, without controls and pictographs."""
    return "".join(_clean_character(character) for character in text)


def _clean_character(character: str) -> str:
    if character in REPLACED:
        return REPLACED[character]
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs", "Co", "Cn", "Sk", "Zs", "Zl", "Zp") and character != "\n":
        return " "
    if category == "So" and character != "°":
        return " "
    if "\ufe00" <= character <= "\ufe0f" or "\U0001f000" <= character <= "\U0001faff":
        return " "
    plain = unicodedata.normalize("NFKC", character)
    return plain if len(plain) == 1 and "\uff00" <= character <= "\uffef" else character


def normalise(text: str, language: str = "en-us") -> tuple[Token, ...]:
    """Read an English text.

    Parameters
    ----------
    text : str
        Any text: numbers, dates, money, abbreviations, symbols, emoji, quotes.
    language : str
        ``"en-gb"`` reads 3/5/2024 as a day and a month, all others as a month and a day.

    Returns
    -------
    tuple of Token
        In order; empty if there is nothing to say.

    Examples
    --------
    >>> [(token.source, " ".join(token.spoken), token.mark) for token in normalise("Dr. Lee paid $3.50, no?")]
    [('Dr.', 'doctor', ''), ('Lee', 'lee', ''), ('paid', 'paid', ''), ('$3.50', 'three dollars and fifty cents', ','), \
('no', 'no', '?')]
    """
    ready = clean(text)
    context = Context(ready, british=language.lower().startswith("en-gb"))
    tokens: list[Token] = []
    at = 0
    while at < len(ready):
        token = _read_token(text, ready, at, context)
        if token is not None:
            tokens.append(token)
            at = token.end
            continue
        mark, width = _read_gap(ready, at)
        if tokens and MARK_ORDER.index(mark) > MARK_ORDER.index(tokens[-1].mark):
            tokens[-1] = replace(tokens[-1], mark=mark)
        at += width
    return breathe(tuple(tokens))


def _read_token(text: str, ready: str, at: int, context: Context) -> Token | None:
    if ready[at].isspace() or (at and ready[at - 1].isalnum() and ready[at].isalnum() and not _border(ready, at)):
        return None
    for pattern, say in RULES:
        match = pattern.match(ready, at)
        words = say(match, context) if match else None
        if match and words:
            mark = "." if match.group().endswith(".") and context.ends_sentence(match) else ""
            return Token(text[at : match.end()], tuple(" ".join(words).split()), at, match.end(), mark)
    found = read_word(ready, at, context)
    if found is None:
        return None
    end, words = found
    return Token(text[at:end], tuple(" ".join(words).split()), at, end)


def _border(ready: str, at: int) -> bool:
    """Tell whether digits meet letters, as in ``10kg``: a new token may start there."""
    return ready[at].isdigit() != ready[at - 1].isdigit()


def _read_gap(ready: str, at: int) -> tuple[str, int]:
    """Return the mark that a character between words makes, and how many characters it takes."""
    character = ready[at]
    if character.isspace():
        width = len(ready[at:]) - len(ready[at:].lstrip())
        return (".", width) if "\n" in ready[at : at + width].replace("\n", "", 1) else ("", width)
    if ready.startswith("...", at) or character == "…":
        dots = len(ready[at:]) - len(ready[at:].lstrip(".…"))
        rest = ready[at + dots :].lstrip("\"' ")
        return ("," if rest[:1].islower() else "."), dots
    if character in ",;:.!?":
        return character, 1
    if ready.startswith("--", at):
        return ",", len(ready[at:]) - len(ready[at:].lstrip("-"))
    spaced_dash = character in "-–" and ready[at - 1 : at + 2].strip() == character
    if character in "—()[]{}|/" or spaced_dash:
        return ("," if character != "/" else ""), 1
    return "", 1


def breathe(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    """Put commas where a stretch without punctuation is longer than a breath.

    Examples
    --------
    >>> tokens = tuple(Token("so", ("so",), 0, 2) for _ in range(30))
    >>> sum(token.mark == "," for token in breathe(tokens))
    1
    """
    result = list(tokens)
    begin = 0
    for index, token in enumerate(result):
        if token.mark:
            begin = index + 1
        elif index + 1 - begin >= MAX_BREATH_WORDS and index + 1 < len(result):
            places = range(begin + MIN_BREATH_WORDS, index + 2)
            good = [place for place in places if result[place].source.lower() in BREATH_BEFORE]
            cut = good[-1] if good else index + 1
            result[cut - 1] = replace(result[cut - 1], mark=",")
            begin = cut
    return tuple(result)


def split_plain(text: str) -> tuple[Token, ...]:
    """Split a text of any language at white space; say every word as it is and keep the punctuation.

    Examples
    --------
    >>> [(token.source, token.mark) for token in split_plain("«Grüß Gott», sagte er.")]
    [('Grüß', ''), ('Gott', ','), ('sagte', ''), ('er', '.')]
    """
    found = []
    ready = clean(text)
    for match in re.finditer(r"\S+", ready):
        core = re.search(r"[^\W_](?:.*[^\W_])?", match.group())
        if core is None:
            continue
        start, end = match.start() + core.start(), match.start() + core.end()
        tail = ready[end : match.end()]
        mark = max((_plain_mark(character) for character in tail), key=MARK_ORDER.index, default="")
        found.append(Token(text[start:end], (core.group(),), start, end, mark))
    return breathe(tuple(found))


def _plain_mark(character: str) -> str:
    return (
        character if character in MARK_ORDER else {"…": ".", "—": ",", "।": ".", "؟": "?", "،": ","}.get(character, "")
    )
