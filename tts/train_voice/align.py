"""Phone times of a recording whose words are known: pocketsphinx's forced alignment with our own pronunciations."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

RATE = 16_000
PAD_S = 0.25  # of faint noise at both ends; without it the aligner clips the first and last phone
TO_SPHINX = {"ax": "AH"}


def align(words: Sequence[Sequence[str]], wave_16k: npt.NDArray[np.float64]) -> list[tuple[str, float]] | None:
    """Return (phone, end in seconds) with ``pau`` for silence, or None if the words do not fit the sound.

    Parameters
    ----------
    words : sequence of sequences of str
        Festival phones of each word.
    wave_16k : (n,) float64
        In [-1, 1], 16 kHz.
    """
    from pocketsphinx import Config, Decoder

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "words.dict"
        rows = (f"w{i} " + " ".join(TO_SPHINX.get(p, p.upper()) for p in phones) for i, phones in enumerate(words))
        path.write_text("\n".join(rows) + "\n", encoding="ascii")
        decoder = Decoder(Config(loglevel="FATAL", lm=None, dict=str(path)))
    decoder.set_align_text(" ".join(f"w{i}" for i in range(len(words))))
    noise = np.random.default_rng(0).normal(0, 1e-4, len(wave_16k) + 2 * int(PAD_S * RATE))
    noise[int(PAD_S * RATE) : int(PAD_S * RATE) + len(wave_16k)] += wave_16k
    pcm = (np.clip(noise, -1, 1) * 32767).astype("<i2").tobytes()
    for level in ("words", "phones"):
        if level == "phones":
            decoder.set_alignment()
        try:
            decoder.start_utt()
            decoder.process_raw(pcm, full_utt=True)
            decoder.end_utt()
        except RuntimeError:
            return None  # the final word was not reached
        if level == "words" and decoder.hyp() is None:
            return None
    return _pairs(decoder, words, len(wave_16k) / RATE)


def _pairs(decoder: object, words: Sequence[Sequence[str]], length_s: float) -> list[tuple[str, float]] | None:
    pairs: list[tuple[str, float]] = []
    alignment = decoder.get_alignment()  # type: ignore[attr-defined]
    for word in alignment:
        if word.name.startswith("w") and word.name[1:].split("(")[0].isdigit():
            names = list(words[int(word.name[1:].split("(")[0])])
            phones = list(word)
            if len(phones) != len(names):
                return None
            pairs += [(n, (p.start + p.duration) / 100 - PAD_S) for n, p in zip(names, phones, strict=True)]
        else:
            end = (word.start + word.duration) / 100 - PAD_S
            if pairs and pairs[-1][0] == "pau":
                pairs.pop()
            pairs.append(("pau", end))
    pairs = [(name, min(max(end, 0.01 * (i + 1)), length_s)) for i, (name, end) in enumerate(pairs)]
    if pairs[0][0] != "pau":
        pairs.insert(0, ("pau", 0.005))
    if pairs[-1][0] != "pau":
        pairs.append(("pau", length_s))
    pairs[-1] = ("pau", length_s)
    return pairs
