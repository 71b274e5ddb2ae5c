"""Teacher labels → words in the project's alphabet, with phone borders on the 5 ms grid."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from conditioning.phones import ARPABET_TO_IPA
from tts.daisy.inputs import PhoneSequence, SpokenWord, encode
from tts.function_words import FUNCTION_WORDS

from .teachers import TeacherPhone

FRAME_S = 0.005


@dataclass(frozen=True, eq=False)
class Utterance:
    """What the model sees of one recording: its input and where each phone ends."""

    sequence: PhoneSequence
    ends: npt.NDArray[np.int64]  # (n,) frames of 5 ms


def to_ipa(symbol: str, stress: int) -> str:
    """Return festival's phone in IPA with a stress mark on stressed vowels."""
    if symbol == "ax":
        return "ˈʌ" if stress else "ə"
    if symbol == "er":
        return "ˈɝ" if stress else "ɚ"
    base = ARPABET_TO_IPA[symbol.upper()]
    vowel = symbol[0] in "aeiou"
    return ("ˈ" if vowel and stress else "") + base


def words_of(phones: Sequence[TeacherPhone]) -> list[SpokenWord]:
    """Return the words of a festival utterance; a pause is where festival put one."""
    groups: list[list[TeacherPhone]] = []
    paused: list[bool] = []
    for phone in phones:
        if phone.word_index < 0:
            if groups:
                paused[-1] = True
            continue
        if phone.word_index == len(groups):
            groups.append([])
            paused.append(False)
        groups[-1].append(phone)
    words = []
    for group, pause in zip(groups, paused, strict=True):
        mark = group[-1].punctuation.strip("'\"()")[-1:] or ","
        mark = mark if mark in ",.?!" else ","
        word = SpokenWord(
            group[0].word,
            tuple(to_ipa(phone.symbol, phone.stress) for phone in group),
            any(phone.accent and phone.stress for phone in group),
            mark if pause else "",
            group[0].word.lower() in FUNCTION_WORDS,
        )
        words.append(word)
    if words and words[-1].pause in ("", ","):
        words[-1] = replace(words[-1], pause=".")
    return words


def festival_utterance(phones: Sequence[TeacherPhone]) -> Utterance | None:
    """Return input and borders, or None where phones and silences do not match one to one."""
    words = words_of(phones)
    sequence = encode(words)
    if len(sequence.symbols) != len(phones):
        return None
    return Utterance(sequence, np.round(np.array([p.end_s for p in phones]) / FRAME_S).astype(np.int64))


def flite_utterance(phones: Sequence[TeacherPhone], spoken: Sequence[tuple[str, float]]) -> Utterance | None:
    """Return flite's borders on festival's words; None where the two pronounce with another number of phones."""
    reference = [p for p in phones if p.word_index >= 0]
    actual = [(name, end) for name, end in spoken if name != "pau"]
    matcher = difflib.SequenceMatcher(None, [p.symbol for p in reference], [name for name, _ in actual], autojunk=False)
    for tag, i0, i1, j0, j1 in matcher.get_opcodes():
        if tag != "equal" and i1 - i0 != j1 - j0:
            return None
    merged: list[TeacherPhone] = []
    place = 0
    for name, end in spoken:
        if name == "pau":
            inside = 0 < place < len(reference) and reference[place - 1].word_index == reference[place].word_index
            if inside or (merged and merged[-1].symbol == "pau"):
                return None
            merged.append(TeacherPhone("pau", end, 0, 0, 0, "", "", "", "", -1, -1))
        else:
            merged.append(replace(reference[place], symbol=name, end_s=end))
            place += 1
    return festival_utterance(merged)
