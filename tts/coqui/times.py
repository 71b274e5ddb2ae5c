"""Phone and word times of a model's sound: from its own tokens, by forced alignment, or spread over what is loud."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from conditioning import MissingDependency
from conditioning.phones import ARPABET_TO_IPA, SILENCE, strip_stress
from tts.coqui.engines import Sound
from tts.g2p import pronouncer
from tts.level import energy_db
from tts.normalise import normalise
from tts.phonetics import kind_of
from tts.resampling import resampled

__all__ = ["Times", "times_of", "tokens_to_phones"]

#: Relative lengths of phones where nothing tells of them (D. Klatt, "Linguistic uses of segmental duration in English",
#: JASA 59, 1976: stressed vowels about 130 ms, consonants about 70 ms).
VOWEL_LENGTH, CONSONANT_LENGTH = 1.0, 0.6
#: What is this far below the loudest is silence at the ends.
QUIET_DB = -40.0
#: A shorter silence between two words is no pause.
MIN_PAUSE_S = 0.06
_IPA_TO_ARPABET = {ipa: arpabet.lower() for arpabet, ipa in ARPABET_TO_IPA.items()} | {"ə": "ah", "ɚ": "er"}
_JOINED = frozenset(["tʃ", "dʒ", "aɪ", "aʊ", "eɪ", "oʊ", "ɔɪ", "əʊ"])
_MARKS = "ːˑʰʲʷ̩̯̃̊̚͡"


@dataclass(frozen=True)
class Times:
    """Phones and words of a piece of sound, each as (symbol, end in samples); they tile it."""

    phones: tuple[tuple[str, int], ...]
    words: tuple[tuple[str, int], ...]


def times_of(text: str, sound: Sound, sample_rate: int, language: str) -> Times | None:
    """Return the times of a text in its sound, None where nothing tells of them (another language than English)."""
    if sound.phonetic and sound.tokens:
        written = [token.source for token in normalise(text)]
        return tokens_to_phones(sound.tokens, written, len(sound.waveform), sample_rate)
    if not language.lower().startswith("en"):
        return None
    written, spoken = _pronounced(text)
    if not spoken:
        return None
    pairs = _aligned(spoken, sound, sample_rate)
    if pairs is None:
        pairs = _spread(spoken, sound, sample_rate)
    return _with_words(pairs, written, [len(phones) for phones in spoken], len(sound.waveform))


def _pronounced(text: str) -> tuple[list[str], list[tuple[str, ...]]]:
    """Return written words and their phones; words without sound are left out."""
    tokens = normalise(text)
    spoken = pronouncer()([word for token in tokens for word in token.spoken])
    written, phones, at = [], [], 0
    for token in tokens:
        own = tuple(phone for sounds in spoken[at : at + len(token.spoken)] for phone in sounds)
        at += len(token.spoken)
        if own:
            written.append(token.source)
            phones.append(own)
    return written, phones


def _aligned(spoken: Sequence[tuple[str, ...]], sound: Sound, sample_rate: int) -> list[tuple[str, int]] | None:
    """Return (phone, end) by pocketsphinx, None where it fails."""
    from tts.train_voice.align import RATE, align

    wave = resampled(sound.waveform, sample_rate, RATE)
    names = [[_IPA_TO_ARPABET.get(strip_stress(phone), "ah") for phone in phones] for phones in spoken]
    try:
        found = align(names, wave)
    except ImportError as error:
        raise MissingDependency(f"no forced alignment: {error}; run `pip install 'mien[align]'`") from error
    if found is None:
        return None
    phones = iter([phone for sounds in spoken for phone in sounds])
    ends = [round(end_s * sample_rate) for _, end_s in found]
    return [(SILENCE if name == "pau" else next(phones), end) for (name, _), end in zip(found, ends, strict=True)]


def _spread(spoken: Sequence[tuple[str, ...]], sound: Sound, sample_rate: int) -> list[tuple[str, int]]:
    """Return (phone, end) by typical lengths over what is loud."""
    warnings.warn("the words could not be found in the sound; the phones are spread over it", stacklevel=2)
    levels = energy_db(sound.waveform, sample_rate)
    loud = np.flatnonzero(levels > levels.max() + QUIET_DB)
    step = len(sound.waveform) / len(levels)
    first, last = int(loud[0] * step), int(min((loud[-1] + 1) * step, len(sound.waveform)))
    phones = [phone for sounds in spoken for phone in sounds]
    lengths = np.array([VOWEL_LENGTH if kind_of(phone) == "vowel" else CONSONANT_LENGTH for phone in phones])
    ends = first + np.round(np.cumsum(lengths) / lengths.sum() * (last - first)).astype(int)
    return [(SILENCE, first), *zip(phones, ends.tolist(), strict=True), (SILENCE, len(sound.waveform))]


def _with_words(pairs: Sequence[tuple[str, int]], written: Sequence[str], counts: Sequence[int], total: int) -> Times:
    """Tell which phones make which word."""
    phones: list[tuple[str, int]] = []
    words: list[tuple[str, int]] = []
    number, left = 0, counts[0] if counts else 0
    for symbol, end in pairs:
        end = min(max(end, phones[-1][1] if phones else 0), total)
        phones.append((symbol, end))
        if symbol == SILENCE:
            if left == (counts[number] if number < len(counts) else 0):  # between two words
                words.append(("", end))
            continue
        left -= 1
        if left == 0:
            words.append((written[number], end))
            number += 1
            left = counts[number] if number < len(counts) else 0
    phones[-1] = (phones[-1][0], total)
    words[-1] = (words[-1][0], total)
    return Times(_without_empty(phones), _without_empty(words))


def _without_empty(segments: Sequence[tuple[str, int]]) -> tuple[tuple[str, int], ...]:
    """Leave out what has no length: a pause of no samples would be taken for one that was put in."""
    starts = [0, *(end for _, end in segments)]
    return tuple(segment for segment, start in zip(segments, starts, strict=False) if segment[1] > start)


def tokens_to_phones(
    tokens: Sequence[tuple[str, int]], written: Sequence[str], n_samples: int, sample_rate: int
) -> Times:
    """Return the phones of IPA characters with their lengths in frames.

    Parameters
    ----------
    tokens : sequence of (str, int)
        Character and frames; ``""`` is a blank, whose time goes to the sound before it.
    written : sequence of str
        The words as written; groups between spaces are named after them in turn.
    n_samples : int
        Length of the sound.
    sample_rate : int
        Hertz.
    """
    scale = n_samples / max(sum(frames for _, frames in tokens), 1)
    runs: list[tuple[str, int, int]] = [(SILENCE, 0, -1)]  # symbol, frames, number of the group
    group, gap, stress = -1, True, ""
    for name, frames in tokens:
        symbol, before, number = runs[-1]
        if name in ("ˈ", "ˌ"):
            stress, joined = name, None
        elif not name or name in _MARKS:
            joined = symbol + name if symbol != SILENCE else symbol
        elif not name[0].isalpha():
            gap, joined = True, symbol if symbol == SILENCE else None
        else:
            both = strip_stress(symbol) + name
            joined = symbol + name if not gap and not stress and both in _JOINED else None
        if joined is not None:
            runs[-1] = (joined, before + frames, number)
        elif name in ("ˈ", "ˌ"):
            runs[-1] = (symbol, before + frames, number)
        elif not name[0].isalpha():
            runs.append((SILENCE, frames, group))
        else:
            group, gap = group + gap, False
            vowel = kind_of(name) == "vowel"
            runs.append((stress + name if vowel else name, frames, group))
            stress = "" if vowel else stress
    return _tiled(_without_gaps(runs, MIN_PAUSE_S * sample_rate / scale), written, scale, n_samples)


def _without_gaps(runs: Sequence[tuple[str, int, int]], least: float) -> list[tuple[str, int, int]]:
    """Give silences between words that are too short to be pauses to the sound before them."""
    kept = [runs[0]]
    for index, (symbol, frames, number) in enumerate(runs[1:], 1):
        if symbol == SILENCE and frames < least and index < len(runs) - 1 and kept[-1][0] != SILENCE:
            kept[-1] = (kept[-1][0], kept[-1][1] + frames, kept[-1][2])
        else:
            kept.append((symbol, frames, number))
    return kept


def _tiled(runs: Sequence[tuple[str, int, int]], written: Sequence[str], scale: float, n_samples: int) -> Times:
    """Return phones, and words named in turn, with their ends in samples."""
    n_groups = max(number for _, _, number in runs) + 1
    ends = np.round(np.cumsum([frames for _, frames, _ in runs]) * scale).astype(int).tolist()
    ends[-1] = n_samples
    words: list[tuple[str, int]] = []
    owners = [-1 if symbol == SILENCE else number for symbol, _, number in runs]
    for index, owner in enumerate(owners):
        if index + 1 == len(owners) or owners[index + 1] != owner:
            name = written[owner * len(written) // n_groups] if owner >= 0 and written else ""
            words.append((name, ends[index]))
    phones = [(symbol, end) for (symbol, _, _), end in zip(runs, ends, strict=True)]
    return Times(_without_empty(phones), _without_empty(words))
