"""Read emotions from words, and find the word for an emotion.

``Emotion.parse`` accepts terms joined by commas or ``+``. A term is a word with an optional weight
(``joy:0.8``), an optional adverb (``slightly annoyed``), and an optional ``-`` for its opposite:

* a primary with a weight has just that weight: ``joy:0.8``;
* any word without a weight has its own strength: ``joy`` is 0.7, between ``serenity`` (0.4) and
  ``ecstasy`` (1.0), as on Plutchik's cone;
* any other word with a weight is scaled by it: ``love:0.5`` is half of ``love``.
"""

from __future__ import annotations

import difflib
import math
import re
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.emotion import EMOTION_NAMES, NEUTRAL, Emotion
from conditioning.vocabulary import ALIASES, TIERS, WORDS

__all__ = ["ADVERBS", "MAX_PARSE_CHARACTERS", "WORDS", "lookup", "nearest_word", "parse_emotion"]

#: Longer descriptions of an emotion are refused.
MAX_PARSE_CHARACTERS = 500

#: What an adverb does to the strength of the word after it. N. Cliff, "Adverbs as multipliers",
#: *Psychological Review* 66 (1959): slightly, somewhat, rather, pretty, quite, decidedly, very,
#: unusually, extremely; the others take the value of their nearest synonym among these.
ADVERBS = MappingProxyType(
    {
        **dict.fromkeys(("slightly", "a bit", "a little", "a touch", "mildly", "faintly", "lightly"), 0.54),
        **dict.fromkeys(("barely", "hardly", "scarcely"), 0.3),
        **dict.fromkeys(("somewhat", "kind of", "kinda", "sort of", "moderately", "half"), 0.66),
        **dict.fromkeys(("rather", "fairly"), 0.84),
        **dict.fromkeys(("pretty",), 0.88),
        **dict.fromkeys(("quite",), 1.05),
        **dict.fromkeys(("decidedly", "really", "so"), 1.17),
        **dict.fromkeys(("very", "unusually", "deeply", "strongly", "greatly"), 1.25),
        **dict.fromkeys(("extremely", "utterly", "totally", "completely", "absolutely", "intensely"), 1.45),
    }
)

#: "not happy" is a weaker unhappiness, not its full opposite: negated adjectives are mitigated
#: (R. Giora, "Anything negatives can do affirmatives can do just as well", *J. Pragmatics* 38, 2006).
NEGATED = 0.5

#: Words nearer to neutral than this are not named.
SILENCE = 0.08

#: Said where a weight was written in another way.
_HOW = "; write weights as in 'joy:0.8, fear:0.2'"

_TERM = re.compile(r"(?P<sign>-?)\s*(?P<words>[^:]*?)\s*(?::(?P<weight>.*))?", re.DOTALL)


def parse_emotion(text: str) -> Emotion:
    """Read an emotion from words and weights; see :meth:`conditioning.Emotion.parse`.

    Examples
    --------
    >>> str(parse_emotion("joy:0.8, surprise:0.4"))
    'joy:0.8, surprise:0.4'
    >>> str(parse_emotion("slightly annoyed"))
    'anger:0.216'
    >>> parse_emotion("-joy:0.5") == Emotion(sadness=0.5)
    True
    """
    if len(text) > MAX_PARSE_CHARACTERS:
        raise InputError(
            f"an emotion of {len(text)} characters ({text[:30]!r}…) is too long; at most {MAX_PARSE_CHARACTERS}: "
            "give words and weights such as 'joy:0.8, fear:0.2'"
        )
    total = NEUTRAL
    for term in re.split(r"[,+;]", text):
        if term.strip():
            total = total + _parse_term(term.strip())
    return total


def lookup(word: str) -> Emotion | None:
    """Return the emotion of one word or adjective of the vocabulary, or None."""
    word = " ".join(word.casefold().split())
    return WORDS.get(ALIASES.get(word, word))


def nearest_word(emotion: Emotion) -> str:
    """Return the word whose weights are nearest to those of ``emotion``.

    Distance is Euclidean over the eight weights; between equals the lower tier wins. Less than
    ``SILENCE`` of anything is ``"neutral"``.
    """
    if emotion.intensity < SILENCE:
        return "neutral"
    names, table = _table()
    return names[int(np.argmin(((table - emotion.weights) ** 2).sum(axis=1)))]


@lru_cache(maxsize=1)
def _table() -> tuple[tuple[str, ...], npt.NDArray[np.float64]]:
    words = {word: emotion for tier in TIERS for word, emotion in tier.items()}
    return tuple(words), np.stack([emotion.weights for emotion in words.values()])


def _parse_term(term: str) -> Emotion:
    match = _TERM.fullmatch(term)
    words = " ".join(match["words"].casefold().split()) if match else ""
    if match is None or not words:
        raise InputError(f"cannot read {_show(term)} as an emotion; write a word or word:weight, such as 'joy:0.8'")
    negated, factor, word = _adverbs(words)
    emotion = lookup(word)
    if emotion is None:
        how = _HOW if re.search(r"[\d=]", word) else ""
        raise InputError(f"unknown emotion {_show(word)}{_suggest(word)}{how} (primaries: {', '.join(EMOTION_NAMES)})")
    if match["weight"] is not None:
        weight = _parse_weight(term, match["weight"].strip())
        primary = ALIASES.get(word, word)
        emotion = weight * (Emotion(**{primary: 1.0}) if primary in EMOTION_NAMES else emotion)
    emotion = factor * emotion
    if negated:
        emotion = -NEGATED * emotion
    return -emotion if match["sign"] else emotion


def _adverbs(words: str) -> tuple[bool, float, str]:
    """Split leading adverbs off: ("not very happy") → (True, 1.25, "happy")."""
    negated, factor = False, 1.0
    while lookup(words) is None:
        if words.startswith("not "):
            negated, words = not negated, words[4:]
            continue
        found = next((a for a in sorted(ADVERBS, key=len, reverse=True) if words.startswith(a + " ")), None)
        if found is None:
            break
        factor, words = factor * ADVERBS[found], words[len(found) + 1 :]
    return negated, factor, words


def _parse_weight(term: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0.0 <= weight <= 1.0:
        raise InputError(
            f"weight {_show(text)} in {_show(term)} is not allowed; weights run from 0 (absent) to 1 (full)"
            f"{_HOW if math.isnan(weight) else ''}"
        )
    return weight


def _suggest(word: str) -> str:
    found = difflib.get_close_matches(word[:40], [*WORDS, *ALIASES], n=3, cutoff=0.65)
    return f"; did you mean {' or '.join(found)}?" if found else ""


def _show(text: str) -> str:
    return repr(text if len(text) <= 40 else text[:40] + "…")
