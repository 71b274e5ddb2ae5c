"""Give every speaker's neutral voice the liveliness of people: the range of F0, and how fast the spectrum moves.

Teachers that are statistical voices themselves speak within half of the range of F0 that people use when they read, and
a network that learns their means moves more slowly still. Goals are those of :mod:`tts.evaluate_naturalness`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from conditioning import Line
from tts.daisy.model import SPEAKERS, SpeakerStatistics, VoiceModel
from tts.daisy.voice import DaisyVoice
from tts.evaluate_naturalness import describe

__all__ = ["calibrate_neutral"]

#: 5th to 95th percentile of F0. Of EmoDB's people who speak neutrally 8.8 st; of 40 women and 40 men of LibriSpeech who
#: read a story 14 and 15 st, 19 of 20 of them more than 8.8 and 8.0. Near the quiet end: emotions come on top.
RANGE_ST = 9.2
#: Of 8 to 16 and of 16 to 25 Hz over the variance: what the same readers have, on their low side.
MODULATION_DB = {"modulation_8_16_db": -19.9, "modulation_16_25_db": -24.3}
#: Highest mean F0 of a neutral voice, Hz; the middle half of 125 women of LibriSpeech lies between 173 and 210. From
#: LJSpeech's own 221 anger and joy climb to 540, where harmonics are too far apart for vowels to be told apart.
HIGHEST_MEAN_HZ = 186.0
DAMPING = 0.8
#: A decibel of the filter is heard as less, as it leaves the first coefficients alone.
MODULATION_GAIN = 2.0
MEASURED = ("f0_range_st", *MODULATION_DB)
MAX_F0_WIDEN, MAX_MODULATION_DB = 2.6, 8.0


def calibrate_neutral(
    model: VoiceModel, lines: Sequence[str], *, rounds: int = 3, report: Callable[[str], None] = print
) -> VoiceModel:
    """Return the model with other ``f0_mean``, ``f0_widen`` and ``modulation_db`` of its speakers.

    Parameters
    ----------
    model : VoiceModel
    lines : sequence of str
        Texts to measure on; none of the evaluation's.
    rounds : int
    report : callable
        Gets what is heard in every round.
    """
    lowered = [replace(own, f0_mean=min(own.f0_mean, float(np.log(HIGHEST_MEAN_HZ)))) for own in model.speakers]
    model = replace(model, speakers=tuple(lowered))
    before = [own.f0_widen for own in model.speakers]
    for _ in range(rounds):
        speakers = []
        for name, own, least in zip(SPEAKERS, model.speakers, before, strict=True):
            voice = DaisyVoice(speaker=name, model=model)
            rows = [describe(s.waveform, s.sample_rate) for s in (voice.speak(Line.of(text)) for text in lines)]
            heard = {key: float(np.mean([row[key] for row in rows])) for key in MEASURED}
            report(name + "".join(f", {key} {value:.2f}" for key, value in heard.items()))
            speakers.append(_corrected(own, heard, least))
        model = replace(model, speakers=tuple(speakers))
    return model


def _corrected(own: SpeakerStatistics, heard: dict[str, float], least: float) -> SpeakerStatistics:
    """Return a speaker after one round; a voice that was lively enough before keeps its F0."""
    f0_widen = own.f0_widen * (RANGE_ST / heard["f0_range_st"]) ** DAMPING
    missing = MODULATION_GAIN * np.array([goal - heard[key] for key, goal in MODULATION_DB.items()])
    modulation_db = np.clip(own.modulation_db + missing, 0.0, MAX_MODULATION_DB).astype(np.float32)
    return replace(own, f0_widen=float(np.clip(f0_widen, least, MAX_F0_WIDEN)), modulation_db=modulation_db)
