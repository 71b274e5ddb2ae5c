"""Rules for abbreviations, initials, capitals, Roman numerals and symbols, and for the plain word."""

from __future__ import annotations

import re

from tts import numerals
from tts.normalise_context import SENTENCE_STARTS, Context, Rule, Words, rule, spell
from tts.normalise_numbers import NUMBER_RULES
from tts.written_forms import (
    ABBREVIATIONS,
    AMBIGUOUS_DOTTED,
    DOTTED,
    REGNAL_NAMES,
    ROMAN_LEADERS,
    SHORT_WORDS,
    SPELLED,
    SPOKEN_ACRONYMS,
    SYMBOLS,
    WHOLE,
)

__all__ = ["RULES", "read_word"]

#: A capital letter after one of these is a label, and its full stop ends the sentence.
LETTER_LEADERS = frozenset(("plan", "vitamin", "team", "option", "group", "hepatitis", "point", "step", "letter"))


def _dotted(match: re.Match[str], context: Context) -> Words:
    """Read an abbreviation with its full stop."""
    written = match["word"]
    name = written.lower()
    after = context.after(match.end())
    if name in ("dr", "st"):
        behind = context.text[max(match.start() - 2, 0) : match.start()].strip()
        titled = bool(after) and after[0].isupper() and after.lower() not in SENTENCE_STARTS
        street = context.before(match.start())[:1].isalpha() and behind not in (".", "!", "?", ",", '"')
        place = street and not titled
        return [{"dr": ("doctor", "drive"), "st": ("saint", "street")}[name][place]]
    if name == "no":
        return ["number"] if re.match(r"\s*\d", context.text[match.end() :]) else None
    if name in ABBREVIATIONS:
        return ABBREVIATIONS[name].split()
    if name not in DOTTED or (name in AMBIGUOUS_DOTTED and not (written[0].isupper() or after[:1].isdigit())):
        return None
    return [DOTTED[name]]


def _initials(match: re.Match[str], _: Context) -> Words:
    """Read ``U.S.A.``, ``J. R. R.``, ``e.g.``, ``p.m.``."""
    name = match.group().rstrip(".").lower()
    return ABBREVIATIONS[name].split() if name in ABBREVIATIONS else spell(re.sub(r"[^A-Za-z]", "", name))


def _initial(match: re.Match[str], context: Context) -> Words:
    """Read one initial of a name: ``George W. Bush``, but not the "I." that ends a sentence."""
    after = context.after(match.end())
    before = context.before(match.start())
    is_name = match.group()[0] not in "IVX" or (before and before not in REGNAL_NAMES | ROMAN_LEADERS)
    labelled = before in ROMAN_LEADERS | LETTER_LEADERS
    return spell(match.group()[0]) if after[:1].isupper() and is_name and not labelled else None


def _roman(match: re.Match[str], context: Context) -> Words:
    value = numerals.roman(match.group())
    before = context.before(match.start())
    if value is None or not before:
        return None
    if match.group() == "I" and not _regnal_i(match, context):
        return None
    if before in ROMAN_LEADERS:
        return numerals.cardinal(value)
    if before in REGNAL_NAMES:
        return ["the", *numerals.ordinal(value)]
    capital = re.search(r"[A-Z]\w+\s+$", context.text[: match.start()])
    return numerals.cardinal(value) if capital and match.group() in ("II", "III", "IV", "VI", "VII", "VIII") else None


def _regnal_i(match: re.Match[str], context: Context) -> bool:
    rest = context.text[match.end() :]
    return not rest.strip() or rest[0] in ".,;:!?'\")" or context.after(match.end()) in ("of", "was", "and")


def _capitals(match: re.Match[str], context: Context) -> Words:
    """Spell what is written in capitals, unless it is a word that somebody shouts."""
    word, plural = match["caps"], match["plural"]
    if word in SPOKEN_ACRONYMS:
        return [word.lower() + (plural or "")]
    shouted = context.shouting or word.lower() in SHORT_WORDS
    readable = len(word) > 3 and re.search(r"[AEIOUY]", word) is not None
    if word not in SPELLED and ((shouted and re.search(r"[AEIOUY]", word)) or readable):
        return None
    names = spell(word)
    if plural:
        names[-1] += "'s" if plural == "'s" else "s"
    return names


def _mixed(match: re.Match[str], _: Context) -> Words:
    """Read letters and digits that are written together: ``B2B``, ``A4``, ``R2D2``, ``mp3``."""
    text = match.group()
    if not (any(c.isdigit() for c in text) and any(c.isalpha() for c in text)):
        return None
    words: list[str] = []
    for part in re.findall(r"\d+|[A-Za-z]+", text):
        if part.isdigit():
            words += numerals.digits(part) if part[0] == "0" or len(part) > 4 else numerals.cardinal(int(part))
        else:
            vowels = any(letter in "aeiouy" for letter in part.lower())
            words += [part.lower()] if vowels and len(part) > 2 and not part.isupper() else spell(part)
    return words


def _symbol(match: re.Match[str], context: Context) -> Words:
    sign = match.group()
    after = context.text[match.end() : match.end() + 1]
    if sign == "#":
        return ["number"] if after.isdigit() else (["hashtag"] if after.isalpha() else None)
    if sign in "~$€£" and not after.isdigit():
        return None
    if sign in "+=<>-" and not re.match(r"\s*[\w(]", context.text[match.end() :]):
        return None
    return SYMBOLS[sign].split()


_END = r"(?![\w])"

RULES: tuple[Rule, ...] = (
    *NUMBER_RULES,
    rule(r"(?:[A-Za-z]\.\s?){2,}(?<=\.)|[ap]\.m(?!\w)", _initials),
    rule(r"(?P<word>[A-Za-z]+)\.", _dotted),
    rule(r"[A-Z]\.(?=\s)", _initial),
    rule(r"C\+\+|C#|PhD|'n'|Ph\.D\.", lambda match, _: WHOLE[match.group()].split()),
    rule(r"w/o\b|w/(?=\s)|b/c\b", lambda match, _: ABBREVIATIONS[match.group()].split()),
    rule(r"[IVXLC]+" + _END, _roman),
    rule(r"(?P<caps>[A-Z]{2,6})(?P<plural>'?s)?" + _END, _capitals),
    rule(r"(?=[A-Za-z]*\d)[A-Za-z\d]+" + _END, _mixed),
    rule("[" + re.escape("".join(SYMBOLS)) + "]", _symbol),
)  # fmt: skip

#: A letter drawn out for effect: ``nooooo``, ``sooo``.
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")
_WORD = re.compile(r"'?[^\W\d_](?:[^\W\d_\u0300]|[\u0300-\u036f]|'(?=[^\W\d_]))*'?|\d+")


def read_word(text: str, at: int, context: Context) -> tuple[int, list[str]] | None:
    """Return the end of the plain word at a position and what to say for it, ``None`` if there is none."""
    match = _WORD.match(text, at)
    if match is None or not any(character.isalnum() for character in match.group()):
        return None
    end = match.end()
    word = match.group()
    if word.endswith("'") and not word.lower().endswith(("s'", "in'")):
        end, word = end - 1, word[:-1]
    if word.isdigit():
        return end, numerals.decimal(word) if word.isascii() else [word]
    if word.startswith("'") and word.lower() not in ("'em", "'til", "'cause", "'twas", "'tis", "'bout"):
        word = word[1:]
    word = _DRAWN_OUT.sub(lambda drawn: drawn[1] * (2 if drawn[1] in "oe" and drawn.end() < len(word) else 1), word)
    if (len(word) == 1 and word.isupper() and word not in "AI") or (word == "A" and context.before(end + 1) == "plan"):
        return end, spell(word)
    return end, [word.lower().rstrip("'")]
