"""How natural a voice is: its neutral lines beside recordings of people, in what a listener calls buzzy or muffled.

``mien evaluate voice DATA`` adds these figures: the voice reads LJSpeech's lines, of which the reader's own recordings
are there (frames of the two aligned by dynamic time warping), and stands beside readers of LibriSpeech of its
sex, which is guessed by their F0. Everything is compared at 16 kHz, LibriSpeech's rate.

======================  ==========================================================================================
``hnr_db`` …            harmonicity, jitter, shimmer: :mod:`tts.voice_quality`
``treble_noise_db``     noise share of voiced frames from 4 to 7 kHz, by WORLD's D4C: a buzzing voice has little
``f0_range_st``         5th to 95th percentile of F0, semitones
``f0_speed``            mean absolute slope of F0 inside voiced stretches, semitones a second
``variance_db``         global variance of mel-cepstral coefficients 1 to 24 (T. Toda and K. Tokuda, IEICE Trans. E90-D,
                        2007), mean in dB; noise and echo of a recording lower it, so that its bounds are those of
                        LJSpeech's own recordings
``modulation_A_B_db``   power of their trajectories between A and B hertz (S. Takamichi et al., IEEE/ACM TASLP 24, 2016)
                        over that variance, in dB; pauses, in which recordings differ, are bridged
``distance_db``         log-spectral distance to the recording of the same text, each without its own mean
======================  ==========================================================================================
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from conditioning import FEATURE_RATE_HZ, InputError, Line
from tts import world
from tts.resampling import resampled
from tts.voice import Voice
from tts.voice_quality import voice_quality

__all__ = ["FIGURES", "align", "describe", "log_spectral_distance", "naturalness"]

Array = npt.NDArray[np.float64]
Sound = tuple[Array, int]

RATE = 16_000
N_COEFFICIENTS = 25
BANDS_HZ = ((1.5, 4.0), (4.0, 8.0), (8.0, 16.0), (16.0, 25.0))
FIGURES = (
    "hnr_db", "jitter_pct", "shimmer_pct", "treble_noise_db", "f0_range_st", "f0_speed",
    *(f"modulation_{low:g}_{high:g}_db" for low, high in BANDS_HZ), "variance_db",
)  # fmt: skip
#: People are as many as this, each with this much of speech; what nine of ten of them do is human.
N_PEOPLE, LONGEST_S = 40, 8.0
PERCENTILES = (5.0, 95.0)
#: Readers between the two are of neither group.
MEN_BELOW_HZ, WOMEN_ABOVE_HZ = 145.0, 165.0
#: Frames this far below the loud ones are pauses, ln power.
SPOKEN_ABOVE = -7.0
WELCH_FRAMES = 128
TREBLE_HZ = (4000.0, 7000.0)
ALIGN_STEP = 2  # frames
N_LINES = 20


def naturalness(
    voice: Voice, data: Path, seed: int = 1, report: Callable[[str], None] = lambda line: None
) -> dict[str, float]:
    """Return the voice's figures, people's bounds (``…_low``, ``…_high``), and those of the teacher and of a copy.

    Parameters
    ----------
    voice : Voice
    data : Path
        With the folders ``ljspeech`` (``metadata32.csv``, ``wavs``) and ``librispeech`` (flac).
    seed : int
    report : callable
        Gets a line of progress now and then.

    Returns
    -------
    dict of str to float
        ``natural_NAME`` for each of :data:`FIGURES`, ``natural_NAME_low`` and ``…_high`` of people,
        ``natural_NAME_teacher`` if festival is here, ``natural_NAME_copy`` of the recordings through the vocoder;
        ``natural_distance_db`` likewise; ``natural_band``: share of the figures inside the bounds.
    """
    lines = _lj_lines(data)[:N_LINES]
    report("listening to people")
    real = {name: describe(*_read(path)) for name, path, _ in lines}
    spoken = {name: _sound(voice, text, seed) for name, _, text in lines}
    own = {name: describe(*sound) for name, sound in spoken.items()}
    woman = np.mean([row["f0_hz"] for row in own.values()]) >= WOMEN_ABOVE_HZ
    people = [row for row in _librispeech(data) if (row["f0_hz"] >= WOMEN_ABOVE_HZ) == woman]
    report(f"comparing with {len(people)} people")
    found = {f"natural_{key}": value for key, value in _means(own.values()).items()}
    for key in FIGURES:
        low, high = np.percentile(
            [row[key] for row in (real.values() if key == "variance_db" else people)], PERCENTILES
        )
        found |= {f"natural_{key}_low": float(low), f"natural_{key}_high": float(high)}
    inside = [found[f"natural_{k}_low"] <= found[f"natural_{k}"] <= found[f"natural_{k}_high"] for k in FIGURES]
    found["natural_band"] = float(np.mean(inside))
    others = {"copy": {name: _copy(*_read(path)) for name, path, _ in lines}, "teacher": _teacher(lines)}
    found["natural_distance_db"] = _distance(own, real)
    for title, sounds in others.items():
        if sounds:
            rows = {name: describe(*sound) for name, sound in sounds.items()}
            found |= {f"natural_{key}_{title}": value for key, value in _means(rows.values()).items()}
            found[f"natural_distance_db_{title}"] = _distance(rows, real)
    return found


def describe(waveform: npt.ArrayLike, sample_rate: int) -> dict[str, Any]:
    """Return :data:`FIGURES` of a sound, its mean ``f0_hz``, and its ``cepstrum`` (T, 25) in ln power."""
    import pyworld

    wave = _at_rate(waveform, sample_rate)
    f0_hz = world.pitch(wave, RATE)
    envelope = world.envelope(wave, f0_hz, RATE)
    cepstrum: Array = pyworld.code_spectral_envelope(envelope, RATE, N_COEFFICIENTS)
    level = cepstrum[:, 0]
    spoken = level > np.percentile(level, 95) + SPOKEN_ABOVE
    voiced = f0_hz > 0.0
    semitones = 12.0 * np.log2(np.where(voiced, f0_hz, 1.0))
    slopes = np.abs(np.diff(semitones))[voiced[1:] & voiced[:-1]] * FEATURE_RATE_HZ
    first, last = np.flatnonzero(spoken)[[0, -1]]
    variance_db = float(10.0 * np.log10(cepstrum[spoken, 1:].var(0)).mean())
    places = np.flatnonzero(spoken)
    bridged = [np.interp(np.arange(first, last + 1), places, column[places]) for column in cepstrum[:, 1:].T]
    moving = _modulation_db(np.stack(bridged, axis=1))
    return {
        **voice_quality(wave, RATE, f0_hz),
        "treble_noise_db": _treble_noise_db(wave, f0_hz, voiced & spoken),
        "f0_range_st": float(np.subtract(*np.percentile(semitones[voiced], [95, 5]))),
        "f0_speed": float(slopes.mean()),
        **{name: level - variance_db for name, level in moving.items()},
        "variance_db": variance_db,
        "f0_hz": float(np.exp(np.log(f0_hz[voiced]).mean())),
        "cepstrum": cepstrum[first : last + 1],
    }


def _treble_noise_db(wave: Array, f0_hz: Array, frames: npt.NDArray[np.bool_]) -> float:
    share = world.aperiodicity(wave, f0_hz, RATE)[frames]
    frequencies = np.linspace(0.0, RATE / 2.0, share.shape[1])
    inside = (frequencies >= TREBLE_HZ[0]) & (frequencies < TREBLE_HZ[1])
    return float(20.0 * np.log10(np.maximum(share[:, inside], 1e-4)).mean())


def _modulation_db(trajectories: Array) -> dict[str, float]:
    """Return the mean level of the (T, n) trajectories' spectra in each of :data:`BANDS_HZ`."""
    from scipy.signal import welch

    size = min(WELCH_FRAMES, len(trajectories))
    frequencies, power = welch(trajectories, FEATURE_RATE_HZ, nperseg=size, axis=0)
    return {
        f"modulation_{low:g}_{high:g}_db": float(
            10.0 * np.log10(power[(frequencies >= low) & (frequencies < high)].mean(0)).mean()
        )
        for low, high in BANDS_HZ
    }


def log_spectral_distance(one: Array, other: Array) -> float:
    """Return the mean distance in dB of two (T, n) mel-cepstra, aligned, each without level and without its mean.

    By Parseval: pyworld's coefficients have unit weight in the RMS of ln power over the mel axis.
    """
    a, b = (table[::ALIGN_STEP, 1:] - table[:, 1:].mean(0) for table in (one, other))
    left, right = align(a, b)
    gap: Array = np.sqrt(((a[left] - b[right]) ** 2).sum(1))
    return float(10.0 / np.log(10.0) * gap.mean())


def align(a: Array, b: Array) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the rows of the cheapest path through two tables (H. Sakoe and S. Chiba, IEEE Trans. ASSP 26, 1978)."""
    cost = np.sqrt(np.maximum((a**2).sum(1)[:, None] + (b**2).sum(1) - 2.0 * a @ b.T, 0.0))
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0.0
    for diagonal in range(len(a) + len(b) - 1):
        i = np.arange(max(0, diagonal - len(b) + 1), min(len(a), diagonal + 1))
        j = diagonal - i
        total[i + 1, j + 1] = cost[i, j] + np.minimum(np.minimum(total[i, j], total[i, j + 1]), total[i + 1, j])
    place = (len(a), len(b))
    path = [place]
    while place != (1, 1):
        x, y = place
        place = min(((x - 1, y - 1), (x - 1, y), (x, y - 1)), key=lambda before: float(total[before]))
        path.append(place)
    left, right = np.array(path[::-1]).T - 1
    return left, right


def _means(rows: Any) -> dict[str, float]:
    table = list(rows)
    return {key: float(np.nanmean([row[key] for row in table])) for key in FIGURES}


def _distance(one: Mapping[str, Mapping[str, Any]], other: Mapping[str, Mapping[str, Any]]) -> float:
    return float(np.mean([log_spectral_distance(one[name]["cepstrum"], other[name]["cepstrum"]) for name in one]))


def _at_rate(wave: npt.ArrayLike, sample_rate: int) -> Array:
    sound = resampled(wave, sample_rate, RATE)
    # Faint noise, as a recording has: digital silence has no spectrum.
    return sound + np.random.default_rng(0).normal(0.0, 1e-5, len(sound))


def _sound(voice: Voice, text: str, seed: int) -> Sound:
    speech = voice.speak(Line.of(text), seed=seed)
    return speech.waveform.astype(np.float64), speech.sample_rate


def _read(path: Path, longest_s: float = 60.0) -> Sound:
    import soundfile

    wave, rate = soundfile.read(str(path))
    return (wave if wave.ndim == 1 else wave.mean(1))[: int(longest_s * rate)], rate


def _lj_lines(data: Path) -> list[tuple[str, Path, str]]:
    """Return (name, recording, text)."""
    table = data / "ljspeech" / "metadata32.csv"
    if not table.exists():
        raise InputError(f"no recordings with text: {table} is not there; give a folder that holds ljspeech")
    rows = [row.split("|") for row in table.read_text(encoding="utf-8").splitlines()]
    return [(row[0], next((data / "ljspeech" / "wavs").glob(f"{row[0]}.*")), row[-1]) for row in rows]


def _librispeech(data: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of up to :data:`N_PEOPLE` men and as many women."""
    counts = {True: 0, False: 0}
    for path in sorted((data / "librispeech").glob("*.flac")):
        row = describe(*_read(path, LONGEST_S))
        woman = row["f0_hz"] >= WOMEN_ABOVE_HZ
        if (woman or row["f0_hz"] <= MEN_BELOW_HZ) and counts[woman] < N_PEOPLE:
            counts[woman] += 1
            yield row
        if min(counts.values()) >= N_PEOPLE:
            return


def _copy(wave: Array, rate: int) -> Sound:
    """Return a recording through WORLD: what the vocoder itself costs."""
    f0_hz = world.pitch(wave, rate)
    parts = world.envelope(wave, f0_hz, rate), world.aperiodicity(wave, f0_hz, rate)
    return world.synthesise(f0_hz, *parts, rate, len(wave)), rate


def _teacher(lines: Sequence[tuple[str, Path, str]]) -> dict[str, Sound]:
    """Return the lines as festival's HTS voice reads them, nothing where festival is not installed."""
    if shutil.which("festival") is None:
        return {}
    from tts.train_voice.teachers import run_festival
    from tts.train_voice.texts import TrainingText

    with tempfile.TemporaryDirectory() as folder:
        plain = [TrainingText(name, re.sub(r"[^A-Za-z ,.'?!;:-]", "", text)) for name, _, text in lines]
        run_festival(plain, Path(folder))
        return {line.id: _read(Path(folder) / f"{line.id}.wav") for line in plain}
