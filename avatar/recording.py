"""Read a recording: any rate, channels and length; wav, flac, ogg, mp3 and what else libsndfile knows, and films."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from math import gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.film import extract_sound
from conditioning import FEATURE_RATE_HZ, EmotionTrack, InputError, MissingDependency, Segment, Speech
from conditioning.progress import watched

__all__ = ["Recording", "f0_of", "read_recording", "resample", "speech_of"]

#: Longest recording, and from when on it is kept at a lower rate, so that an hour fits into memory.
MAX_LENGTH_S = 4 * 3600.0
LONG_S = 600.0
LONG_RATE = 16_000
MAX_RATE = 48_000
MIN_RATE = 4_000
BLOCK_S = 20.0
#: Samples that are read at once near the end of a broken file.
SALVAGE_FRAMES = 512
#: No page of an Ogg file is longer.
OGG_PAGE_BYTES = 65_307
#: F0 is looked for in here, hertz, at this rate of samples, in pieces with this overlap.
F0_RANGE_HZ = (60.0, 550.0)
F0_RATE = 16_000
F0_OVERLAP_S = 0.5


@dataclass(frozen=True, eq=False)
class Recording:
    """Sound of a file.

    Attributes
    ----------
    waveform : (n,) float32
        Mono, in [-1, 1].
    sample_rate : int
        Hertz.
    """

    waveform: npt.NDArray[np.float32]
    sample_rate: int

    @property
    def duration_s(self) -> float:
        """Length in seconds."""
        return len(self.waveform) / self.sample_rate


def read_recording(path: Path | str) -> Recording:
    """Read a sound file as one channel.

    Parameters
    ----------
    path : Path or str
        The file, or a film (mp4, mov, mkv, webm …), whose first sound track is read. Channels are averaged; rates above
        48 kHz come down to 48 kHz, recordings longer than ten minutes to 16 kHz. A file that breaks off is used as far
        as it goes, with a warning.

    Raises
    ------
    InputError
        If the file is missing, not sound, empty or longer than four hours, or a film without sound.
    """
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingDependency(f"cannot read sound: {error}; run `pip install soundfile`") from error
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}; give a recording (wav, flac, ogg, mp3) or a film")
    try:
        with soundfile.SoundFile(path) as file:
            return _read(file, path)
    except soundfile.LibsndfileError as error:
        with tempfile.TemporaryDirectory(prefix="mien-film-") as folder:
            sound = Path(folder, "sound.w64")
            # A little more than is allowed, so that what is too long is known as such.
            if extract_sound(path, sound, max_length_s=1.1 * MAX_LENGTH_S):
                with soundfile.SoundFile(sound) as file:
                    return _read(file, path)
        reason = getattr(error, "error_string", str(error)).rstrip(".")
        raise InputError(f"{path} cannot be read as sound: {reason}; give wav, flac, ogg, mp3 or a film") from error


def _read(file: Any, path: Path) -> Recording:
    rate, length_s = int(file.samplerate), file.frames / file.samplerate
    if rate < MIN_RATE:
        raise InputError(f"{path} has {rate} samples a second; at least {MIN_RATE} are needed")
    if length_s > MAX_LENGTH_S and file.seekable():
        raise InputError(
            f"{path} lasts {length_s / 3600:.1f} hours; at most {MAX_LENGTH_S / 3600:.0f} are read: cut it"
        )
    target = LONG_RATE if length_s > LONG_S else min(rate, MAX_RATE)
    waveform = np.zeros(0, np.float32)
    for piece in _blocks(file, path, rate, min(target, rate)):
        # Grown in place: an hour is held once.
        waveform.resize(len(waveform) + len(piece), refcheck=False)
        waveform[-len(piece) :] = np.nan_to_num(piece, copy=False, nan=0.0, posinf=1.0, neginf=-1.0)
    if not len(waveform):
        raise InputError(f"{path} holds no sound; give a recording that is longer than 0 s")
    peak = max(float(waveform.max()), -float(waveform.min()))
    if peak > 1.0:
        waveform /= peak
    return Recording(waveform, min(target, rate))


def _blocks(file: Any, path: Path, rate: int, target: int) -> Iterator[npt.NDArray[np.float32]]:
    """Read block by block, each averaged over its channels and resampled; warn where the file breaks off."""
    import soundfile

    step = int(BLOCK_S) * rate
    announced = int(file.frames)
    found = 0
    while True:
        try:
            block = file.read(step, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError:
            block = _until_it_breaks(file, found)
        if not len(block):
            break
        found += len(block)
        yield resample(block.mean(axis=1), rate, target)
        if len(block) < step:
            break
    if found < 0.99 * announced:
        warnings.warn(
            f"{path} breaks off after {found / rate:.2f} s of {announced / rate:.2f} s; that much is used", stacklevel=5
        )
    elif _is_cut(path):
        warnings.warn(f"{path} breaks off after {found / rate:.2f} s; that much is used", stacklevel=5)


def _is_cut(path: Path) -> bool:
    """Tell whether a WAV file is shorter than its header says, or an Ogg file lacks the mark of its last page."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head = file.read(8)
        if head[:4] == b"RIFF":
            announced = int.from_bytes(head[4:8], "little")
            return 0 < announced < 0xFFFFFFFF and size < announced
        if head[:4] == b"OggS":
            file.seek(max(size - OGG_PAGE_BYTES, 0))
            flags = file.read().rpartition(b"OggS")[2][1:2]  # version, then flags (RFC 3533, section 6)
            return not (flags and flags[0] & 0x04)
    return False


def _until_it_breaks(file: Any, start: int) -> npt.NDArray[np.float32]:
    """Return (n, channels) samples from ``start`` to where the file breaks off, read in small pieces."""
    import soundfile

    pieces = [np.zeros((0, file.channels), np.float32)]
    try:
        file.seek(start)
        while len(pieces[-1]) or len(pieces) == 1:
            pieces.append(file.read(SALVAGE_FRAMES, dtype="float32", always_2d=True))
    except soundfile.LibsndfileError:
        pass
    return np.concatenate(pieces)


def resample(waveform: npt.NDArray[np.float32], rate: int, target: int) -> npt.NDArray[np.float32]:
    """Return a waveform at another rate (a windowed-sinc polyphase filter).

    Parameters
    ----------
    waveform : (n,) float32
    rate, target : int
        Hertz.
    """
    if rate == target:
        return waveform
    from scipy.signal import resample_poly

    shared = gcd(rate, target)
    changed: npt.NDArray[np.float32] = resample_poly(waveform, target // shared, rate // shared)
    return changed.astype(np.float32)


def f0_of(waveform: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    """Return the fundamental frequency each 5 ms, 0 where unvoiced (WORLD's DIO and StoneMask).

    Parameters
    ----------
    waveform : (n,) float32
    sample_rate : int
        Hertz.

    Returns
    -------
    (m,) float32
        Hertz, at :data:`~conditioning.FEATURE_RATE_HZ`.
    """
    frames = max(1, int(np.ceil(len(waveform) / sample_rate * FEATURE_RATE_HZ)))
    f0_hz = np.zeros(frames, np.float32)
    block, margin = int(BLOCK_S * FEATURE_RATE_HZ), int(F0_OVERLAP_S * FEATURE_RATE_HZ)
    for first in watched(range(0, frames, block)):
        begin, end = max(first - margin, 0), min(first + block + margin, frames)
        piece = waveform[int(begin / FEATURE_RATE_HZ * sample_rate) : int(end / FEATURE_RATE_HZ * sample_rate) + 1]
        found = _f0_of_piece(resample(piece, sample_rate, F0_RATE))
        keep = min(block, frames - first)
        part = found[first - begin : first - begin + keep]
        f0_hz[first : first + len(part)] = part
    return f0_hz


def _f0_of_piece(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    if len(sound) < F0_RATE // 20 or not np.abs(sound).max() > 1e-4:
        return np.zeros(0, np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pyworld
    double = sound.astype(np.float64)
    period_ms = 1000.0 / FEATURE_RATE_HZ
    low_hz, high_hz = F0_RANGE_HZ
    coarse, times_s = pyworld.dio(double, F0_RATE, f0_floor=low_hz, f0_ceil=high_hz, frame_period=period_ms)
    return np.asarray(pyworld.stonemask(double, coarse, times_s, F0_RATE), np.float32)


def speech_of(
    recording: Recording,
    *,
    emotion: EmotionTrack | None = None,
    phones: tuple[Segment, ...] = (),
    words: tuple[Segment, ...] = (),
    text: str = "",
) -> Speech:
    """Return a recording as speech, with its F0 measured.

    Parameters
    ----------
    recording : Recording
    emotion : EmotionTrack, optional
        Neutral by default.
    phones, words : tuple of Segment
        Where known; see :func:`avatar.align.align`.
    text : str
        What is said, if known.
    """
    return Speech(
        recording.waveform,
        recording.sample_rate,
        phones=phones,
        words=words,
        emotion=EmotionTrack() if emotion is None else emotion,
        f0_hz=f0_of(recording.waveform, recording.sample_rate),
        text=text,
    )
