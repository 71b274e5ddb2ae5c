"""Text as the emotion reader sees it: tokens, surface marks and n-grams.

Everything here is a pure function of the text, without vocabulary or weights, so that training and
inference cannot differ.

Conventions: tokens are lower case; ``[name]`` stands for a masked person; a letter repeated three or
more times is cut to two ("soooo" → "soo"); the contraction ``n't`` is a token of its own; a word in
the scope of a negation also counts as ``not_word``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["MARKS", "Tokens", "char_ngrams", "clean", "plain", "subwords", "tokenize", "word_ngrams"]

MAX_TOKENS = 96
"""Longest sentence that is read; the rest of a longer one does not move the reading."""

NEGATION_SCOPE = 3
"""Words after a negation that it covers; Das & Chen (2001) run to the next punctuation mark, which
over-reaches in speech; three words was best on the development sets."""

WORD_ORDERS = (1, 2, 3)
CHAR_ORDERS = (2, 3, 4, 5)
SUBWORD_ORDERS = (3, 4, 5)

NEGATORS = frozenset(
    ["not", "no", "never", "n't", "nt", "cannot", "nobody", "nothing", "neither", "nor", "without", "hardly", "barely"]
)
MASKS = {"[name]", "[person]", "[religion]", "[location]", "[organization]"}

MARKS = ("<caps>", "<allcaps>", "<long>", "<!>", "<!!!>", "<?>", "<?!>", "<...>", "<short>")
"""Surface marks of a sentence, in the order of the network's input."""

CASE_LOWER, CASE_TITLE, CASE_UPPER = 0, 1, 2

_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufe00-\ufe0f\ufeff\U0001f3fb-\U0001f3ff\u00ad]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "“": '"', "”": '"', "…": "...", "—": " - ", "–": "-"})
_LONG = re.compile(r"([A-Za-z])\1{2,}")
_TOKEN = re.compile(
    r"""\[[A-Za-z]{3,14}\]            # a mask such as [NAME]
    |<3+|[:;=8xX]['-]?[()DPpOo/\\|*3](?!\w)|[(][-']?[:;=]|\^_+\^|-_+-|[xX]D\b|:'\(  # emoticons
    |[A-Za-z]+?(?=n't\b)|n't\b        # do | n't
    |'(?:s|re|ve|ll|d|m)\b            # 's 're
    |[^\W_]+                          # words and numbers
    |\.{2,}|[!?]+                     # runs of marks
    |[^\w\s]                          # any other sign, one emoji each
    """,
    re.VERBOSE,
)
_WORD = re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Tokens:
    """A sentence cut into tokens.

    Attributes
    ----------
    words : tuple of str
        Lower-case tokens, at most ``MAX_TOKENS``.
    case : tuple of int
        0 lower, 1 title, 2 upper case (two letters or more), one per token.
    marks : tuple of str
        Surface marks of the whole sentence, such as ``<caps>`` or ``<!>``.
    """

    words: tuple[str, ...]
    case: tuple[int, ...]
    marks: tuple[str, ...]


def plain(text: str) -> str:
    """Return text in lower case with plain apostrophes, as the patterns of the rules expect it."""
    return text.replace("’", "'").lower()


def clean(text: str) -> str:
    """Return text without control and invisible characters, with plain quotes, as NFC."""
    text = unicodedata.normalize("NFC", _CONTROL.sub(" ", text)).translate(_QUOTES)
    return _INVISIBLE.sub("", text)


def tokenize(text: str) -> Tokens:
    """Cut a sentence into tokens.

    Examples
    --------
    >>> tokenize("I DON'T like it, soooo bad!!").words
    ('i', 'do', "n't", 'like', 'it', ',', 'soo', 'bad', '!!')
    """
    raw = _TOKEN.findall(_LONG.sub(r"\1\1", clean(text)).replace("N'T", "n't"))[:MAX_TOKENS]
    words = tuple(_fold(token) for token in raw)
    case = tuple(_case(token) for token in raw)
    return Tokens(words, case, tuple(_marks(text, raw, case)))


def word_ngrams(tokens: Tokens) -> Iterator[str]:
    """Yield the word n-grams, the negated words and the surface marks of a sentence."""
    words = tokens.words
    for order in WORD_ORDERS:
        for i in range(len(words) - order + 1):
            yield " ".join(words[i : i + order])
    yield from _negated(words)
    yield from tokens.marks


def char_ngrams(tokens: Tokens) -> Iterator[str]:
    """Yield the character n-grams inside each word, its borders marked by ``#``."""
    for word in tokens.words:
        padded = f"#{word[:24]}#"
        for order in CHAR_ORDERS:
            for i in range(len(padded) - order + 1):
                yield "#" + padded[i : i + order]


def subwords(word: str) -> list[str]:
    """Return the character n-grams of a word for its embedding, after fastText (Bojanowski 2017)."""
    padded = f"<{word[:24]}>"
    return [padded[i : i + n] for n in SUBWORD_ORDERS for i in range(len(padded) - n + 1)]


def _fold(token: str) -> str:
    token = token.lower()
    if token in MASKS:
        return "[name]"
    if token[0] in "!?" and len(token) > 3:
        return token[:3]
    if token[0] == "." and len(token) > 1:
        return "..."
    return "0" * min(len(token), 4) if token.isdigit() else token


def _case(token: str) -> int:
    if len(token) > 1 and token.isupper() and token[0] != "[" and _WORD.match(token):
        return CASE_UPPER
    return CASE_TITLE if token[:1].isupper() else CASE_LOWER


def _marks(text: str, raw: Sequence[str], case: Sequence[int]) -> Iterator[str]:
    shouted = sum(c == CASE_UPPER for c in case)
    if shouted:
        yield "<caps>"
    if shouted >= 3 and shouted * 2 > len(raw):
        yield "<allcaps>"
    if _LONG.search(text):
        yield "<long>"
    exclamations = text.count("!")
    if exclamations:
        yield "<!>"
    if exclamations >= 3:
        yield "<!!!>"
    if "?" in text:
        yield "<?>"
    if "?!" in text or "!?" in text:
        yield "<?!>"
    if ".." in text or "…" in text:
        yield "<...>"
    if len(raw) <= 3:
        yield "<short>"


def _negated(words: Sequence[str]) -> Iterator[str]:
    left = 0
    for word in words:
        if word in NEGATORS:
            left = NEGATION_SCOPE
        elif not _WORD.match(word):
            left = 0
        elif left:
            left -= 1
            yield f"not_{word}"
