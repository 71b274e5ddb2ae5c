"""What a rule of the text normalisation may look at."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from tts.written_forms import LETTER_NAMES

__all__ = ["SENTENCE_STARTS", "Context", "Rule", "Words", "rule", "spell"]

#: What a rule says; ``None`` if it does not fit after all.
Words = list[str] | None

#: Half of a text's longer words in capitals: somebody is shouting, and capitals mean nothing else.
SHOUT_SHARE = 0.5
#: After "St." or "Dr." these begin a new sentence.
SENTENCE_STARTS = frozenset(
    ("he", "she", "it", "they", "we", "i", "the", "a", "an", "this", "that", "there", "you", "then", "when", "but",
     "and", "my", "his", "her", "our", "their", "what", "who", "why", "how", "in", "on", "at")
)  # fmt: skip


@dataclass(frozen=True)
class Context:
    """The cleaned text that a rule may look around in."""

    text: str
    british: bool = False

    @cached_property
    def shouting(self) -> bool:
        """Whether most of the longer words are in capitals."""
        words = re.findall(r"[^\W\d_]{4,}", self.text)
        return bool(words) and sum(word.isupper() for word in words) > SHOUT_SHARE * len(words)

    def before(self, at: int) -> str:
        """Return the word before a position, in lower case."""
        found = re.search(r"([^\W\d_][\w'.]*)[^\w.!?]*$", self.text[max(at - 40, 0) : at])
        return found.group(1).rstrip(".").lower() if found else ""

    def after(self, at: int) -> str:
        """Return the word after a position as written."""
        found = re.match(r"\W*?([^\W_][\w']*)", self.text[at : at + 40])
        return found.group(1) if found else ""

    def ends_sentence(self, match: re.Match[str]) -> bool:
        """Tell whether the full stop of an abbreviation ends the sentence too."""
        name = match.group().rstrip(".").lower()
        rest = self.text[match.end() :].lstrip("\"') ")
        may_end = name.endswith((".m", " m")) or name in ("etc", "inc", "ltd", "co", "corp", "bros", "esq", "st", "dr")
        after = self.after(match.end()).lower()
        titled = name in ("st", "dr") and after not in SENTENCE_STARTS
        return not rest or (may_end and not titled and rest[:1].isupper())


Rule = tuple[re.Pattern[str], Callable[[re.Match[str], Context], Words]]


def rule(pattern: str, say: Callable[[re.Match[str], Context], Words]) -> Rule:
    """Make a rule of a pattern and what to say for it."""
    return re.compile(pattern), say


def spell(letters: str) -> list[str]:
    """Return the names of letters.

    Examples
    --------
    >>> spell("FBI")
    ['eff', 'bee', 'eye']
    """
    return [LETTER_NAMES.get(letter, letter) for letter in letters.lower()]
