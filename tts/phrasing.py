"""Which words carry a pitch accent, and where a speaker pauses without a comma: two small logistic models.

They were fitted to what festival does with 2,100 lines (``mien train voice --part phrasing``).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tts.function_words import FUNCTION_WORDS

__all__ = ["ACCENT_COLUMNS", "BREAK_COLUMNS", "MAX_WORDS", "accent_features", "break_features", "place_breaks"]

Array = npt.NDArray[np.float64]

ACCENT_COLUMNS = ("one", "function", "table", "known", "syllables", "last_content", "next_content", "first", "last")
BREAK_COLUMNS = ("one", "next_conjunction", "next_function", "function", "since", "left", "content_before_function")
#: No stretch without any pause is longer than this.
MAX_WORDS = 14
BREAK_THRESHOLD = 0.5

CONJUNCTIONS = frozenset([
    "and", "but", "or", "that", "which", "who", "because", "when", "while", "if", "as", "so", "than", "where",
    "whether", "though",
])  # fmt: skip


def accent_features(words: Sequence[str], n_syllables: Sequence[int], table: dict[str, float]) -> Array:
    """Return the (n, 9) columns :data:`ACCENT_COLUMNS` of one phrase.

    Parameters
    ----------
    words : sequence of str
        Lower case.
    n_syllables : sequence of int
    table : dict of str to float
        Log odds of being accented, of frequent words.
    """
    content = [word not in FUNCTION_WORDS for word in words]
    rows = []
    for i, word in enumerate(words):
        before = content[i - 1] if i else False
        after = content[i + 1] if i + 1 < len(words) else False
        row = (
            1,
            not content[i],
            table.get(word, 0.0),
            word in table,
            min(n_syllables[i], 4) / 4,
            before,
            after,
            i == 0,
        )
        rows.append((*row, i == len(words) - 1))
    return np.array(rows, dtype=np.float64)


def break_features(words: Sequence[str], index: int, since: int, left: int) -> Array:
    """Return the (7,) columns :data:`BREAK_COLUMNS` of the place after word ``index``.

    Parameters
    ----------
    words : sequence of str
        Lower case.
    since, left : int
        Words since the last pause and until the next punctuation.
    """
    function, following = words[index] in FUNCTION_WORDS, words[index + 1]
    next_function = following in FUNCTION_WORDS
    lengths = (min(since, 20) / 10, min(left, 20) / 10)
    return np.array(
        (1, following in CONJUNCTIONS, next_function, function, *lengths, not function and next_function), np.float64
    )


def place_breaks(words: Sequence[str], marks: Sequence[str], weights: Array) -> list[str]:
    """Return each word's pause: its own mark, or ``","`` where the model puts one.

    Parameters
    ----------
    words : sequence of str
        Lower case.
    marks : sequence of str
        Punctuation after each word, as in :data:`tts.daisy.inputs.PAUSES`.
    weights : (7,) float64
    """
    pauses, since = list(marks), 0
    for i in range(len(words) - 1):
        since += 1
        left = next((j - i for j in range(i + 1, len(words)) if marks[j]), len(words) - 1 - i)
        if not marks[i] and since > 1 and left > 1:
            score = float(break_features(words, i, since, left) @ weights)
            if 1.0 / (1.0 + np.exp(-score)) > BREAK_THRESHOLD or (since >= MAX_WORDS and left > 3):
                pauses[i] = ","
        if pauses[i]:
            since = 0
    return pauses
