"""How emotions sound: one table from the eight weights to acoustic cues.

Every cue is linear in the weights up to the strength of a single primary, so that mixtures mix, intensity is
monotone and neutral changes nothing; beyond that (several strong emotions at once) it bends softly towards a
limit that a voice can still reach. All cues are differences from the same speaker's neutral voice.

Sources, as they are named in the table
---------------------------------------
``P``
    People, measured for this project: medians over 456 emotional utterances against the same speaker's neutral
    ones in EmoDB (F. Burkhardt et al., "A database of German emotional speech", Interspeech 2005), pitch, HNR
    and jitter with Praat's defaults.
``Q``
    The same people's quartile nearest to neutral, or between it and the median: the median makes synthetic speech
    harder to understand than theirs.
``M``
    MARY's continuous rule (M. Schröder, *Speech and emotion research*, PhD thesis, Saarland University 2004,
    and the EmotionML support of MaryTTS) at the VAD of :data:`conditioning.emotion.PRIMARY_VAD`: pitch
    0.3A + 0.1E − 0.1P %, range 4 + 0.04A st, rate 0.5A + 0.2E %, pause length −0.2A %. Where it is scaled,
    the factor is the one that brings its joy, anger and fear to the people's medians.
``B``
    Inside the same people's quartiles, away from their median towards the side on which Plutchik's opposites part:
    joy [-4, +11] % of duration on its short side, as sadness is long; sadness a little shorter than the median,
    since the longer pauses lengthen the phones before them as well.
``G``
    Direction of G. Gurrado, "The production and perception of surprise", Studi AISV (the abstract): F0, intensity
    and duration above neutral. Incredulity, its kin, is slower and more varied in F0 too (the abstract of "Prosodic
    features conveying doubt and trust", 30 speakers of American English). MARY's rule has the opposite sign for
    duration (rate +41 %). The size is ours, well below the measured emotions'.
``O``
    By opposition alone: no measurement of anticipation is known to us. Interest speaks high and fast (R. Kamiloğlu,
    A. Fischer and D. Sauter, "Good vibrations", Psychon. Bull. Rev. 27 (2020); MARY's rule as well), which is the
    opposite of surprise in rate; that its F0 range is narrow where surprise's is wide is Plutchik's axis, not a
    finding, and against MARY's rule. The size is a third to a half of surprise's.
``L``
    Directions of I. R. Murray and J. L. Arnott, "Toward the simulation of emotion in synthetic speech", JASA 93
    (1993), table 1, and P. N. Juslin and P. Laukka, "Communication of emotions in vocal expression and music
    performance", Psych. Bull. 129 (2003), table 7; the size is ours, between the measured emotions' sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES, Emotion

__all__ = ["CUES", "Cue", "cues_at", "cues_of"]

#: A mixture may go this far beyond the strongest primary of a cue.
HEADROOM = 0.35


@dataclass(frozen=True)
class Cue:
    """One acoustic quantity and what each primary at full weight does to it.

    Attributes
    ----------
    name : str
        With its unit.
    values : mapping of str to float
        Emotion → change from neutral at weight 1.
    sources : mapping of str to str
        Emotion → ``"P"``, ``"Q"``, ``"M"``, ``"B"``, ``"G"``, ``"O"`` or ``"L"``; see the module.
    meaning : str
        What is changed, in one line.
    """

    name: str
    values: Mapping[str, float]
    sources: Mapping[str, str]
    meaning: str

    @property
    def limits(self) -> tuple[float, float]:
        """Lowest and highest value that any mixture reaches."""
        values = [0.0, *self.values.values()]
        return (1.0 + HEADROOM) * min(values), (1.0 + HEADROOM) * max(values)


def _cue(name: str, meaning: str, **entries: str) -> Cue:
    """Make a cue of entries such as ``joy="+8.5 P"``."""
    assert set(entries) == set(EMOTION_NAMES), name
    parts = {emotion: entry.split() for emotion, entry in entries.items()}
    values = {emotion: float(parts[emotion][0]) for emotion in EMOTION_NAMES}
    return Cue(name, values, {emotion: parts[emotion][1] for emotion in EMOTION_NAMES}, meaning)


CUES: tuple[Cue, ...] = (
    _cue("f0_level_st", "shift of mean F0, semitones",
         joy="+6.5 Q", trust="-1.0 L", fear="+5.0 Q", surprise="+6.0 M", sadness="-1.5 P", disgust="+2.5 Q",
         anger="+7.0 Q", anticipation="+2.5 M"),
    # The people's neutral range (5th to 95th percentile) is 8.8 st; +2.8 st is ln((8.8 + 2.8) / 8.8).
    _cue("f0_range_ln", "natural log of the factor on the F0 range in semitones",
         joy="+0.343 P", trust="-0.27 L", fear="-0.035 P", surprise="+0.40 M", sadness="-0.470 P",
         disgust="+0.077 P", anger="+0.276 P", anticipation="-0.18 O"),
    # Neutral declines by 2.1 st a second. In the people's first two seconds all emotions decline less, by 2.3 to 3.2
    # st a second; a small part of that is used, as it eats up the wider range.
    _cue("f0_slope_st_per_s", "change of the F0 slope over a breath group, semitones a second",
         joy="+0.3 L", trust="+0.1 L", fear="+0.3 L", surprise="+0.2 L", sadness="+0.1 L", disgust="+0.2 L",
         anger="+0.3 L", anticipation="+0.6 L"),
    _cue("accent_st", "extra rise and fall of F0 on vowels with primary stress, semitones at the peak",
         joy="+1.2 L", trust="-0.4 L", fear="+0.4 L", surprise="+4.0 L", sadness="-0.6 L", disgust="+0.5 L",
         anger="+1.5 L", anticipation="-0.4 O"),
    _cue("final_st", "movement of F0 over the last voiced third of a second of a breath group, semitones",
         joy="+0.8 L", trust="-0.4 L", fear="+1.0 L", surprise="-1.0 L", sadness="-1.5 L", disgust="-2.0 L",
         anger="-1.2 L", anticipation="+1.0 M"),
    _cue("vowel_ln", "natural log of the factor on vowel durations",
         joy="+0.10 B", trust="-0.04 M", fear="-0.051 P", surprise="+0.10 G", sadness="+0.150 B",
         disgust="+0.399 P", anger="+0.191 P", anticipation="-0.13 M"),
    _cue("consonant_ln", "natural log of the factor on consonant durations",
         joy="-0.125 B", trust="-0.04 M", fear="-0.128 P", surprise="+0.02 G", sadness="+0.260 B",
         disgust="+0.293 P", anger="-0.020 P", anticipation="-0.12 M"),
    _cue("pause_ln", "natural log of the factor on the pauses that are there already",
         joy="-0.10 M", trust="+0.03 M", fear="-0.13 M", surprise="-0.14 M", sadness="+0.30 L",
         disgust="+0.10 L", anger="-0.13 M", anticipation="-0.11 M"),
    _cue("pause_share", "share of the time that is spent in extra pauses between words",
         joy="0 P", trust="0 L", fear="0 P", surprise="0 L", sadness="+0.16 P", disgust="+0.03 P", anger="0 P",
         anticipation="0 L"),
    # EmoDB's sound is peak-normalised, so loudness is ranked as in L and sized as 10 dB per unit of arousal.
    _cue("loudness_db", "level, dB",
         joy="+4.5 L", trust="-2.0 L", fear="+3.0 L", surprise="+5.0 L", sadness="-5.0 L", disgust="-1.0 L",
         anger="+6.0 L", anticipation="+2.5 L"),
    _cue("alpha_db", "alpha ratio, level of 1–5 kHz over that of 50 Hz–1 kHz, dB",
         joy="+5.0 Q", trust="-2.0 L", fear="+2.0 Q", surprise="+2.5 L", sadness="-4.0 Q", disgust="+2.0 Q",
         anger="+7.5 Q", anticipation="+2.0 L"),
    _cue("hnr_db", "harmonics-to-noise ratio, dB; negative is breathy or rough",
         joy="0 P", trust="+0.5 L", fear="-1.0 P", surprise="-2.0 L", sadness="-1.0 L", disgust="-0.1 P",
         anger="-1.5 P", anticipation="+0.5 L"),
    # Anger, joy, fear and disgust lower the people's jitter (3.0 %) by 0.3 to 0.7 points; a neutral voice that has less
    # than that can only lose what it has. In fear F0 trembles instead.
    _cue("jitter_pct", "random change from period to period, % of the period",
         joy="-0.3 P", trust="0 L", fear="+0.1 L", surprise="+0.1 L", sadness="+0.42 P", disgust="-0.1 P",
         anger="-0.2 P", anticipation="0 L"),
    _cue("tremor_st", "depth of a 6 Hz tremble of F0, semitones",
         joy="0 L", trust="0 L", fear="+0.40 L", surprise="0 L", sadness="+0.15 L", disgust="0 L", anger="0 L",
         anticipation="0 L"),
    _cue("f1_ln", "natural log of the factor on the first formant, as LPC measures it",
         joy="+0.12 Q", trust="-0.02 L", fear="+0.05 Q", surprise="+0.08 L", sadness="-0.12 Q", disgust="+0.05 Q",
         anger="+0.23 Q", anticipation="+0.03 L"),
    _cue("f2_ln", "natural log of the factor on the second formant",
         joy="+0.08 P", trust="+0.02 L", fear="+0.05 P", surprise="+0.05 L", sadness="+0.01 P", disgust="+0.05 P",
         anger="+0.09 P", anticipation="+0.03 L"),
)  # fmt: skip


@lru_cache(maxsize=1)
def _table() -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the (8, n) table and the (2, n) strongest negative and positive values of single primaries."""
    table = np.array([[cue.values[emotion] for cue in CUES] for emotion in EMOTION_NAMES])
    return table, np.stack([np.minimum(table, 0.0).min(axis=0), np.maximum(table, 0.0).max(axis=0)])


def _bend(values: npt.NDArray[np.float64], strongest: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Keep values up to ``strongest`` (> 0 or 0) as they are and bend those beyond towards its headroom."""
    room = HEADROOM * strongest
    beyond = np.maximum(values - strongest, 0.0)
    safe = np.where(room > 0.0, room, 1.0)
    bent: npt.NDArray[np.float64] = np.minimum(values, strongest) + room * np.tanh(beyond / safe)
    return bent


def cues_at(weights: npt.ArrayLike) -> dict[str, npt.NDArray[np.float64]]:
    """Return the cues of emotions.

    Parameters
    ----------
    weights : (..., 8) array_like
        In Plutchik's order, such as ``EmotionTrack.weights_at`` gives them.

    Returns
    -------
    dict of str to (...) float64
        One array per cue of :data:`CUES`, by its name.
    """
    table, strongest = _table()
    linear = np.asarray(weights, dtype=np.float64) @ table
    bent = _bend(np.maximum(linear, 0.0), strongest[1]) - _bend(np.maximum(-linear, 0.0), -strongest[0])
    return {cue.name: bent[..., index] for index, cue in enumerate(CUES)}


def cues_of(emotion: Emotion) -> dict[str, float]:
    """Return the cues of one emotion.

    Examples
    --------
    >>> cues_of(Emotion(joy=0.5))["f0_level_st"]
    3.25
    """
    return {name: float(value) for name, value in cues_at(emotion.weights).items()}
