"""Curves while somebody speaks: blocks of a microphone in, chunks of sound and motion on the audio clock out.

The mouth is that of a recording without a transcript: the same networks over the same features, a frame at a time.
They look ahead by :data:`FULL_LOOK_AHEAD_S` at most; with that much the mouth equals the recording's, with less it
comes sooner and is a little less sure. The diffusion model would need four seconds ahead, so expression, gaze, blinks
and head are drawn by rules instead, and the head nods along with the loudness.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import ceil
from typing import Any

import numpy as np
import numpy.typing as npt

from avatar.animator.layers import joined
from avatar.animator.style import AS_DIRECTED, Style
from avatar.audio_motion.ear import Ear
from avatar.audio_motion.features import FRAME_RATE_HZ, N_MELS, PAUSE_DB, hearing_of, normalised, recording_bands
from avatar.audio_motion.lips import MARGIN, N_TRACK, lip_track_of, noise_floor, sample_track, shipped_tensors
from avatar.audio_motion.person import person_share
from avatar.live_face import LiveFace
from avatar.recording import MAX_RATE, MIN_RATE, Recording
from avatar.stream import Chunk
from conditioning import Emotion, EmotionTrack, InputError, Motion
from conditioning.motion import MAX_FPS, frame_count

__all__ = ["FULL_LOOK_AHEAD_S", "LOOK_AHEAD_S", "SoundStream"]

Array = npt.NDArray[np.float32]

#: How far the mouth looks ahead: usually, and until nothing more changes (the lip network's reach of 42 frames, then
#: the longest closure and its movement).
LOOK_AHEAD_S, FULL_LOOK_AHEAD_S = 0.2, 1.2
#: Beside it a frame waits for its own window of sound and for the next model frame, seconds.
FRAME_DELAY_S = 0.0425
#: Contacts of the lips are read over this many finished frames.
HISTORY = 200
#: Blocks are handled in pieces of at most this, seconds.
PIECE_S = 0.5


class SoundStream:
    """Iterate over the chunks of a sound that is still arriving.

    Parameters
    ----------
    blocks : iterable of (n,) or (n, channels) float or int16
        As they come, of any lengths; floats in [-1, 1].
    sample_rate : int
        Hertz.
    emotion : str, Emotion or EmotionTrack, optional
        What is felt; ``None``: heard in the voice, a second or two late.
    fps : float
        Of the curves.
    look_ahead_s : float
        Between 0 and :data:`FULL_LOOK_AHEAD_S`; a frame is given at most this and
        :data:`FRAME_DELAY_S` after its sound.
    reference : Recording, optional
        The same voice over the same microphone: level and tone colour are taken from it, and whether it is a person's.
        By default a person's is assumed, and level and tone colour follow the last 20 seconds.
    seed : int
    style : Style

    Raises
    ------
    InputError
        If a number is out of range, or a block is not sound.

    Examples
    --------
    >>> silence = (np.zeros(800, np.float32) for _ in range(20))
    >>> chunks = list(SoundStream(silence, 16000, emotion="neutral"))
    >>> sum(len(chunk.motion) for chunk in chunks), sum(len(chunk.waveform) for chunk in chunks), chunks[-1].is_last
    (60, 16000, True)
    """

    def __init__(
        self,
        blocks: Iterable[npt.NDArray[np.generic]],
        sample_rate: int,
        emotion: str | Emotion | EmotionTrack | None = None,
        *,
        fps: float = 60.0,
        look_ahead_s: float = LOOK_AHEAD_S,
        reference: Recording | None = None,
        seed: int = 0,
        style: Style = AS_DIRECTED,
    ) -> None:
        if not MIN_RATE <= sample_rate <= 4 * MAX_RATE:
            raise InputError(f"sample_rate={sample_rate} is not allowed; it runs from {MIN_RATE} to {4 * MAX_RATE} Hz")
        if not 1.0 <= fps <= MAX_FPS:
            raise InputError(f"fps={fps} is not allowed; it runs from 1 to {MAX_FPS:g}")
        if not 0.0 <= look_ahead_s <= FULL_LOOK_AHEAD_S:
            raise InputError(f"look_ahead_s={look_ahead_s} is not allowed; it runs from 0 to {FULL_LOOK_AHEAD_S} s")
        self._blocks, self._rate, self._fps = blocks, sample_rate, fps
        self._ahead = ceil(look_ahead_s * FRAME_RATE_HZ - 1e-9)
        hearing, floor_db, self._person = None, PAUSE_DB, 1.0
        if reference is not None:
            bands_db, level_db = recording_bands(reference.waveform, reference.sample_rate)
            hearing = hearing_of(bands_db, level_db)
            features = normalised(bands_db, level_db, hearing)
            self._person, floor_db = person_share(features, shipped_tensors()), noise_floor(features)
        self._ear = Ear(sample_rate, hearing, floor_db, reach=MARGIN)
        self._face = LiveFace(fps, emotion, seed, style)
        self._track = np.zeros((0, N_TRACK), np.float32)
        self._done = self._frames_out = self._samples_in = 0
        self._unsent = np.zeros(0, np.float32)

    @property
    def latency_s(self) -> float:
        """How long after its sound a frame can be given at the latest: the look-ahead and the frames' own length."""
        return self._ahead / FRAME_RATE_HZ + FRAME_DELAY_S

    def __iter__(self) -> Iterator[Chunk]:
        step = max(1, round(PIECE_S * self._rate))
        for block in self._blocks:
            sound = _mono(block)
            for first in range(0, len(sound), step):
                motions = self._hear(sound[first : first + step])
                if motions:
                    yield self._chunk(motions)
        motions = self._hear(np.zeros(0, np.float32), last=True)
        yield self._chunk(motions, last=True)

    def _hear(self, sound: Array, *, last: bool = False) -> list[Motion]:
        """Return the motion that a piece of sound completes."""
        self._samples_in += len(sound)
        self._unsent = np.concatenate([self._unsent, sound])
        self._face.hear(self._ear.feed(sound, last=last))
        motions: list[Motion | None] = []
        while self._done < self._ear.frames - (0 if last else self._ahead):
            track, first, level_db = self._settle()
            ends_s = self._samples_in / self._rate if last and self._done == self._ear.frames else None
            times_s = self._times_s(ends_s)
            mouth = sample_track(times_s - first / FRAME_RATE_HZ, track, self._person)
            quiet = track[self._done - 1 - first :, -1].max() < 0.5
            motions.append(self._face.perform(times_s, mouth, level_db, quiet=bool(quiet), known=self._known))
        return [motion for motion in motions if motion is not None]

    def _settle(self) -> tuple[Array, int, float]:
        """Finish one more model frame; return the track around it, the first frame of that, and its loudness in dB."""
        frame = self._done
        self._known = min(frame + 1 + self._ahead, self._ear.frames)
        self._ear.advance(frame, self._known)
        begin = max(frame - MARGIN, 0)
        features = self._ear.features(begin, self._known)
        seen = lip_track_of(features, shipped_tensors(), self._person, self._ear.floor_db)[frame - begin :]
        self._track = np.concatenate([self._track[-HISTORY:], seen[:1]])
        self._done += 1
        return np.concatenate([self._track, seen[1:]]), self._done - len(self._track), features[frame - begin, N_MELS]

    def _times_s(self, ends_s: float | None) -> npt.NDArray[np.float64]:
        """Return the times of the motion's frames up to the model frame that was finished last, or to the end."""
        if ends_s is None:
            count = int((self._done - 1) / FRAME_RATE_HZ * self._fps + 1e-6) + 1
        else:
            count = max(1, frame_count(ends_s, self._fps))
        times_s = np.arange(self._frames_out, max(count, self._frames_out)) / self._fps
        self._frames_out += len(times_s)
        return times_s

    def _chunk(self, motions: list[Motion], *, last: bool = False) -> Chunk:
        motion = joined(motions) if motions else self._face.still()
        first = self._frames_out - sum(len(part) for part in motions)
        sent = round(first * self._rate / self._fps)
        count = len(self._unsent) if last else round(self._frames_out * self._rate / self._fps) - sent
        wave, self._unsent = self._unsent[:count], self._unsent[count:]
        return Chunk(first / self._fps, wave, self._rate, motion, "", is_last=last)


def _mono(block: npt.NDArray[Any]) -> Array:
    """Return a block as one channel of float32 in [-1, 1]."""
    sound = np.asarray(block)
    if sound.ndim not in (1, 2) or sound.dtype.kind not in "fi":
        raise InputError(f"a block of {sound.dtype} with shape {sound.shape} is no sound; give (n,) or (n, channels)")
    if sound.dtype.kind == "i":
        sound = sound / -float(np.iinfo(sound.dtype).min)
    sound = np.nan_to_num(sound.astype(np.float32), nan=0.0, posinf=1.0, neginf=-1.0)
    return np.clip(sound if sound.ndim == 1 else sound.mean(axis=1), -1.0, 1.0)
