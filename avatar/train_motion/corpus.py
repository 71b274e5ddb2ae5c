"""What the audio-only model learns from: voices with known phones, and captured curves with their sound.

Voices: espeak-ng in many shapes; flite's voices where flite is installed; LJSpeech by forced alignment; LibriSpeech
by recognition and alignment. Their targets are the phone path's own curves. Capture: FACEGOOD's clips.
"""

from __future__ import annotations

import csv
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar.animator.animator import lip_track
from avatar.audio_motion.features import FRAME_RATE_HZ, audio_features, slow_features
from avatar.audio_motion.representation import N_CHANNELS
from avatar.recording import f0_of, read_recording, resample
from avatar.train_motion.capture import read_capture
from avatar.train_motion.performances import draw_track, performance
from conditioning import InputError, Speech, tile
from conditioning.phones import ARPABET_TO_IPA, SILENCE
from tts.recogniser import Recogniser

__all__ = ["CAPTURE_HELD_OUT", "Example", "capture_examples", "daisy_speeches", "espeak_speeches", "flite_speeches",
           "from_speech", "recorded_speeches"]  # fmt: skip

CAPTURE_HELD_OUT = "1114_3_15"
#: A tape that runs faster or slower makes another throat of the same person; share of daisy's lines that get one.
TAPE = (0.86, 1.18)
TAPE_SHARE = 0.4
#: Share of the sounds that stay as they are.
CLEAN_SHARE = 0.2
#: So many recordings at the end of LJSpeech's list are kept for evaluation.
RECORDINGS_KEPT = 10
#: Performances by the rules of each stretch of sound, for the diffusion model.
PERFORMANCES = 2
DAISY_SPEAKERS = ("daisy", "iris", "rowan")
FLITE_VOICES = ("slt", "rms", "awb", "kal16")


@dataclass(frozen=True, eq=False)
class Example:
    """One stretch of sound.

    Attributes
    ----------
    features : (F, 82) float32
        At 50 Hz.
    targets : (F, 15) float32
        The mouth at 50 Hz; NaN where it was not captured.
    captured : bool
    sound : (G, 44) float32
        At 25 Hz.
    emotion : (V, G, 8) float32
        What the face shows in each of V performances.
    motion : (V, G, N_CHANNELS) float32
        The performances.
    """

    features: npt.NDArray[np.float32]
    targets: npt.NDArray[np.float32]
    captured: bool
    sound: npt.NDArray[np.float32]
    emotion: npt.NDArray[np.float32]
    motion: npt.NDArray[np.float32]


def from_speech(
    speech: Speech, rng: np.random.Generator, *, augment: bool = True, performances: int = PERFORMANCES
) -> Example:
    """Return an example with the rules' own curves; the sound is disturbed, the curves stay."""
    frames_s = np.arange(int(np.ceil(speech.duration_s * FRAME_RATE_HZ))) / FRAME_RATE_HZ
    targets = lip_track(frames_s, speech).astype(np.float32)
    sound = resample(speech.waveform, speech.sample_rate, 16_000)
    changed = augment and rng.uniform() >= CLEAN_SHARE
    features = audio_features(disturbed(sound, rng) if changed else sound, 16_000)
    frames = min(len(features), len(targets))
    f0_hz = speech.f0_hz if speech.f0_hz is not None else f0_of(speech.waveform, speech.sample_rate)
    performed = _performed(replace(speech, f0_hz=f0_hz), features, rng, performances)
    return Example(features[:frames], targets[:frames], False, *performed)


def _performed(
    speech: Speech, features: npt.NDArray[np.float32], rng: np.random.Generator, count: int = PERFORMANCES
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    """Return sound, emotion and motion of performances by the rules, as many as are asked for."""
    sound = slow_features(features, speech.f0_hz)
    if not count:
        return sound, np.zeros((0, len(sound), 8), np.float32), np.zeros((0, len(sound), N_CHANNELS), np.float32)
    takes = [performance(speech, draw_track(speech.duration_s, rng), int(rng.integers(2**31))) for _ in range(count)]
    frames = min(len(sound), len(takes[0][0]))
    return sound[:frames], np.stack([t[0][:frames] for t in takes]), np.stack([t[1][:frames] for t in takes])


def disturbed(sound: npt.NDArray[np.float32], rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return a 16 kHz sound with another tone colour, room and noise."""
    from scipy.signal import fftconvolve

    out = sound.astype(np.float64)
    if rng.uniform() < 0.7:
        size = len(out)
        spectrum = np.fft.rfft(out)
        places = np.linspace(0.0, 1.0, 6)
        gain_db = np.interp(np.linspace(0.0, 1.0, len(spectrum)) ** 0.5, places, rng.normal(0.0, 5.0, 6))
        out = np.fft.irfft(spectrum * 10.0 ** (gain_db / 20.0), size)
    if rng.uniform() < 0.4:
        length = int(16_000 * rng.uniform(0.05, 0.35))
        tail = rng.normal(size=length) * np.exp(-6.0 * np.arange(length) / length) * rng.uniform(0.02, 0.12)
        tail[0] = 1.0
        out = fftconvolve(out, tail)[: len(out)]
    if rng.uniform() < 0.6:
        white = rng.normal(size=len(out))
        noise = np.cumsum(white) - np.convolve(np.cumsum(white), np.full(400, 1 / 400), mode="same")
        noise = white if rng.uniform() < 0.5 else noise
        ratio_db = rng.uniform(12.0, 45.0)
        out = out + noise * (np.std(out) / max(np.std(noise), 1e-9) * 10.0 ** (-ratio_db / 20.0))
    return out.astype(np.float32)


def espeak_speeches(texts: list[str], rng: np.random.Generator) -> Iterator[Speech]:
    """Speak texts with espeak-ng, another throat, pitch, rate and synthesiser each time."""
    from tts.espeak_library import language_files, synthesise
    from tts.espeak_phones import english_phones

    base = language_files()["en-us"].read_text(encoding="utf-8")
    for text in texts:
        size = rng.uniform(86, 124)
        low = rng.uniform(65, 210)
        lines = [f"pitch {low:.0f} {low * rng.uniform(1.2, 1.9):.0f}"]
        lines += [f"formant {k} {size * rng.uniform(0.96, 1.04):.0f} 100 100" for k in range(1, 6)]
        if rng.uniform() < 0.5:
            lines.append(f"klatt {rng.integers(1, 5)}")
        raw = synthesise(text, base + "\n" + "\n".join(lines) + "\n", rate_wpm=int(rng.integers(125, 215)))
        wave = (raw.waveform / 32768.0).astype(np.float32)
        rows: list[tuple[str, int]] = [(SILENCE, 0)]
        ends = [event.sample for event in raw.phones[1:]] + [len(wave)]
        for event, end in zip(raw.phones, ends, strict=True):
            start, length = float(event.sample), max(end - event.sample, 0)
            for symbol, share in english_phones(event.symbol) if event.symbol else ((SILENCE, 1.0),):
                rows.append((symbol, int(start)))
                start += share * length
        yield _tiled(rows, wave, raw.sample_rate, text)


def _tiled(rows: list[tuple[str, int]], wave: npt.NDArray[np.float32], rate: int, text: str) -> Speech:
    kept: list[tuple[str, int]] = []
    for symbol, start in rows:
        start = min(max(start, kept[-1][1] if kept else 0), len(wave))
        if kept and kept[-1][1] == start:
            kept.pop()
        if not kept or kept[-1][0] != symbol or symbol != SILENCE:
            kept.append((symbol, start if kept else 0))
    return Speech(wave, rate, phones=tile([r[0] for r in kept], [r[1] for r in kept] + [len(wave)], rate), text=text)


def daisy_speeches(texts: list[str], rng: np.random.Generator) -> Iterator[Speech]:
    """Speak texts with the daisy voice's speakers in turn, each under an emotion and at another speed of tape."""
    from conditioning import Line
    from tts import open_voice

    voices = [open_voice("daisy", speaker=speaker) for speaker in DAISY_SPEAKERS]
    for index, text in enumerate(texts):
        emotion = draw_track(1.0, rng).keyframes[0][1]
        speech = voices[index % len(voices)].speak(Line.of(text).with_emotion(emotion), seed=index)
        tape = float(rng.uniform(*TAPE)) if rng.uniform() < TAPE_SHARE else 1.0
        rate = round(speech.sample_rate * tape)
        ends = [round(phone.end_s * speech.sample_rate) for phone in speech.phones]
        starts = [0, *ends[:-1]]
        rows = [(phone.symbol, start) for phone, start in zip(speech.phones, starts, strict=True)]
        yield _tiled(rows, speech.waveform, rate, text)


def flite_speeches(texts: list[str], rng: np.random.Generator) -> Iterator[Speech]:
    """Speak texts with flite's voices in turn, each at another speed of tape; nothing if flite is not installed."""
    program = shutil.which("flite")
    if program is None:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "line.wav"
        for index, text in enumerate(texts):
            voice = FLITE_VOICES[index % len(FLITE_VOICES)]
            stretch = f"duration_stretch={rng.uniform(0.85, 1.2):.2f}"
            command = [program, "-voice", voice, "-psdur", "--setf", stretch, "-t", text, "-o", str(path)]
            listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
            recording = read_recording(path)
            tape = rng.uniform(*TAPE)
            rate = int(recording.sample_rate * tape)
            pairs = [item.rsplit(":", 1) for item in listing.split()]
            ends = [float(end) for _, end in pairs]
            rows = [
                (_arpabet(name), round(start * recording.sample_rate))
                for (name, _), start in zip(pairs, [0.0, *ends[:-1]], strict=True)
            ]
            yield _tiled(rows, recording.waveform, rate, text)


def _arpabet(name: str) -> str:
    return {"pau": SILENCE, "ax": "ə", "brth": SILENCE}.get(name) or ARPABET_TO_IPA.get(name.upper(), "ə")


def recorded_speeches(data: Path) -> Iterator[Speech]:
    """Align the recordings of real people under DATA/ljspeech (but the last ten) and DATA/librispeech."""
    from avatar.align import align_speech

    listing = data / "ljspeech" / "metadata32.csv"
    if listing.exists():
        with listing.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file, delimiter="|", quoting=csv.QUOTE_NONE))
        for row in rows[:-RECORDINGS_KEPT]:
            recording = read_recording(data / "ljspeech" / "wavs" / f"{row[0]}.wav")
            try:
                yield align_speech(recording, row[-1])
            except InputError:
                continue
    for path in sorted((data / "librispeech").rglob("*.flac")):
        recording = read_recording(path)
        text = " ".join(_recogniser().hear(recording.waveform, recording.sample_rate))
        try:
            if text:
                yield align_speech(recording, text)
        except InputError:
            continue


@lru_cache(maxsize=1)
def _recogniser() -> Recogniser:
    return Recogniser()


def capture_examples(data: Path, rng: np.random.Generator, *, held_out: bool, augment: bool = True) -> list[Example]:
    """Return FACEGOOD's captured clips, or the one that is held out.

    Their targets hold what was captured in the order of the lip track and NaN where nothing was.
    """
    from avatar.animator.animator import LIP_TRACK

    examples = []
    for path in sorted((data / "facegood").glob("1114*.npz")):
        if (path.stem == CAPTURE_HELD_OUT) != held_out:
            continue
        captured, fps = read_capture(path)
        recording = read_recording(path.with_suffix(".flac"))
        sound = resample(recording.waveform, recording.sample_rate, 16_000)
        tape = float(rng.uniform(*TAPE)) if augment else 1.0
        features = audio_features(disturbed(sound, rng) if augment else sound, round(16_000 * tape))
        targets = np.full((len(features), len(LIP_TRACK)), np.nan, np.float32)
        times_s = np.arange(len(features)) / FRAME_RATE_HZ * tape
        for name, curve in captured.items():
            targets[:, LIP_TRACK.index(name)] = np.interp(times_s, np.arange(len(curve)) / fps, curve)
        speech = Speech(sound, round(16_000 * tape), f0_hz=f0_of(sound, round(16_000 * tape)))
        heard, emotion, motion = _performed(speech, features, rng)
        motion[..., : len(LIP_TRACK)] = targets[: 2 * len(heard) : 2]
        examples.append(Example(features, targets, True, heard, emotion, motion))
    return examples
