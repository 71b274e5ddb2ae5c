"""Letters → phones for words that no dictionary has: a small convolutional network, run in numpy.

Every letter says none, one or two phones; the network chooses among these chunks for all letters of a word at once
(the aligned formulation of K. Rao et al., "Grapheme-to-phoneme conversion using LSTM networks", ICASSP 2015, with
convolutions in the place of the recurrent layers). It was trained on the CMU dictionary.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tts.convnext import Layers
from tts.syllables import is_vowel

__all__ = ["KERNEL", "LETTERS", "N_BLOCKS", "WIDTH", "LetterToSound"]

#: Index 0 is the border of the word.
LETTERS = "_abcdefghijklmnopqrstuvwxyz'"
WIDTH, N_BLOCKS, KERNEL = 112, 5, 5
MARGIN = 2  # border symbols on each side


class LetterToSound:
    """The trained network.

    Parameters
    ----------
    weights : mapping of str to ndarray
    chunks : sequence of str
        What a letter may say: IPA phones separated by spaces, the empty string for nothing.
    """

    def __init__(self, weights: Mapping[str, npt.NDArray[Any]], chunks: Sequence[str]) -> None:
        self._layers = Layers(weights)
        self._chunks = [tuple(chunk.split()) for chunk in chunks]

    def __call__(self, word: str) -> tuple[str, ...]:
        """Return the phones of a word.

        Parameters
        ----------
        word : str
            Of a–z and apostrophes; other characters are skipped.
        """
        ids = [LETTERS.index(c) for c in word.lower() if c in LETTERS[1:]]
        if not ids:
            return ()
        padded = np.array([0] * MARGIN + ids + [0] * MARGIN)
        x = self._layers.blocks("blocks", N_BLOCKS, self._layers.weights["letter.weight"][padded])
        scores = self._layers.linear("out", self._layers.norm("norm", x))[MARGIN:-MARGIN]
        phones = [phone for best in scores.argmax(1) for phone in self._chunks[int(best)]]
        return _with_stress(phones)


def _with_stress(phones: list[str]) -> tuple[str, ...]:
    """Stress the first vowel of a word that came out without any."""
    if phones and not any(phone[0] in "ˈˌ" for phone in phones):
        vowels = [i for i, phone in enumerate(phones) if is_vowel(phone)]
        strong = [i for i in vowels if phones[i] not in "əɚ"] or vowels
        if strong:
            full = {"ə": "ʌ", "ɚ": "ɝ"}.get(phones[strong[0]], phones[strong[0]])
            phones[strong[0]] = "ˈ" + full
    return tuple(phones)
