"""Speech and curves in chunks while the text is still arriving.

A language model writes a reply word by word; the character begins with the first sentence. Sound and curves come
in chunks on one clock: chunk ``k`` covers frames ``[a, b)`` at the stream's rate and the samples from
``round(a · sample_rate / fps)`` to ``round(b · sample_rate / fps)``, so that nothing drifts however long it runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from avatar.take import Take
from checkpoints.errors import MarkupError
from conditioning import ARKIT_NAMES, Emotion, InputError, Line, Motion
from conditioning.markup import escape, parse_line, parse_marks
from conditioning.phones import SILENCE
from conditioning.sentences import sentences

if TYPE_CHECKING:
    from avatar.avatar import Avatar

__all__ = ["CHUNK_S", "Chunk", "LineStream"]

#: Length of a chunk: long enough to be cheap to send, short enough to be interrupted.
CHUNK_S = 0.2
#: After an interruption the face comes to rest and the sound fades within this time.
REST_S = 0.25
#: Head and eyes of a new sentence leave the pose of the one before it over this time.
HANDOVER_S = 0.5
_IS_MOUTH = np.array([name.startswith(("jaw", "mouth", "tongue")) for name in ARKIT_NAMES])


@dataclass(frozen=True, eq=False)
class Chunk:
    """A piece of sound with the curves that belong to it.

    Attributes
    ----------
    start_s : float
        On the stream's clock.
    waveform : (n,) float32
        In [-1, 1].
    sample_rate : int
        Hertz.
    motion : Motion
        Frames from ``start_s`` on.
    text : str
        The sentence that it is part of.
    is_last : bool
        Whether the stream ends with it; the last chunk is a still frame, or after an interruption the way to rest.
    """

    start_s: float
    waveform: npt.NDArray[np.float32]
    sample_rate: int
    motion: Motion
    text: str
    is_last: bool = False

    def __repr__(self) -> str:
        seconds = len(self.waveform) / self.sample_rate
        return f"<Chunk at {self.start_s:.2f} s: {seconds:.2f} s of {self.text!r}, {self.motion!r}>"


class LineStream:
    """Iterate over the chunks of a text that arrives in pieces.

    Every word of the text is spoken once, in order, and each sentence whole as soon as it is known to have ended.
    Sentences without a letter or a digit are passed over; brackets that are no marks are read as plain text.

    Parameters
    ----------
    avatar : Avatar
        Who speaks.
    text_chunks : iterable of str
        The text as it comes.
    emotion : str or Emotion, optional
        Of the whole text; ``None``: read from each sentence.
    seed : int
        Of the first sentence; each further one adds 1.
    chunk_s : float
        Length of a chunk in seconds.
    """

    def __init__(
        self,
        avatar: Avatar,
        text_chunks: Iterable[str | None],
        emotion: str | Emotion | None = None,
        *,
        seed: int = 0,
        chunk_s: float = CHUNK_S,
        language: str = "en-us",
    ) -> None:
        if not 0.02 <= chunk_s <= 10.0:
            raise InputError(f"chunk_s={chunk_s} is not allowed; it runs from 0.02 to 10 s")
        self._avatar = avatar
        self._sentences = sentences(text_chunks)
        self._emotion = emotion
        self._seed = seed
        self._chunk_s = chunk_s
        self._language = language
        self._interrupted = False
        self._frames_out = 0
        self._pose: Motion | None = None
        #: Ends the stream after the sentence that was spoken last: one still frame.
        self._closing: Chunk | None = None

    def interrupt(self) -> None:
        """Stop after the chunk that is being given: one more follows, in which the mouth closes and the sound fades."""
        self._interrupted = True

    def __iter__(self) -> Iterator[Chunk]:
        for index, sentence in enumerate(filter(_is_spoken, self._sentences)):
            if self._interrupted:  # While this sentence was awaited.
                break
            take = self._avatar.say(_line(sentence, self._language), self._emotion, seed=self._seed + index)
            for chunk in self._chunks(take, sentence):
                if self._interrupted:
                    yield _to_rest(chunk)
                    return
                yield chunk
            if self._interrupted:
                break
        if self._closing is not None:
            yield _to_rest(self._closing) if self._interrupted else self._closing

    def _chunks(self, take: Take, text: str) -> Iterator[Chunk]:
        """Cut a take into chunks that continue the stream's clock and pose."""
        motion = self._continued(take)
        fps, rate = motion.fps, take.speech.sample_rate
        step = max(1, round(self._chunk_s * fps))
        first = self._frames_out
        offset = round(first * rate / fps)
        total = round((first + len(motion)) * rate / fps) - offset
        samples = np.zeros(total, np.float32)
        count = min(total, len(take.speech.waveform))
        samples[:count] = take.speech.waveform[:count]
        for start in range(0, len(motion), step):
            stop = min(start + step, len(motion))
            left, right = (round((first + frame) * rate / fps) - offset for frame in (start, stop))
            yield Chunk((first + start) / fps, samples[left:right], rate, _part(motion, start, stop), text)
        self._frames_out = first + len(motion)
        self._pose = _part(motion, len(motion) - 1, len(motion))
        silence = np.zeros(
            round((self._frames_out + 1) * rate / fps) - round(self._frames_out * rate / fps), np.float32
        )
        self._closing = Chunk(self._frames_out / fps, silence, rate, self._pose, text, is_last=True)

    def _continued(self, take: Take) -> Motion:
        """Let the new sentence begin in the pose in which the one before it ended; the mouth is free when it speaks."""
        motion = take.motion
        if self._pose is None:
            return motion
        ease = _ease(motion.times_s, HANDOVER_S)
        spoken_s = next((phone.start_s for phone in take.speech.phones if phone.symbol != SILENCE), HANDOVER_S)
        mouth = _ease(motion.times_s, min(max(spoken_s, 2.0 / motion.fps), HANDOVER_S))
        share = np.where(_IS_MOUTH, mouth[:, None], ease[:, None])
        weights = motion.weights + share * (self._pose.weights[0] - motion.weights[0])
        return Motion(
            motion.fps,
            np.clip(weights, 0.0, 1.0),
            motion.head_rotation + ease[:, None] * (self._pose.head_rotation[0] - motion.head_rotation[0]),
            motion.eye_rotation + ease[:, None, None] * (self._pose.eye_rotation[0] - motion.eye_rotation[0]),
        )


def _ease(times_s: npt.NDArray[np.float64], length_s: float) -> npt.NDArray[np.float32]:
    """Return (T,) 1 at the beginning, 0 from ``length_s`` on."""
    share = np.clip(1.0 - times_s / length_s, 0.0, 1.0)
    eased: npt.NDArray[np.float32] = (share * share * (3.0 - 2.0 * share)).astype(np.float32)
    return eased


def _line(sentence: str, language: str) -> Line:
    """Read a sentence with its marks; what a language model puts in brackets need not be one."""
    try:
        return parse_line(sentence, language=language)
    except MarkupError:
        return parse_marks(escape(sentence), language=language)


def _is_spoken(sentence: str) -> bool:
    return any(character.isalnum() for character in sentence)


def _part(motion: Motion, start: int, stop: int) -> Motion:
    return Motion(
        motion.fps, motion.weights[start:stop], motion.head_rotation[start:stop], motion.eye_rotation[start:stop]
    )


def _to_rest(chunk: Chunk) -> Chunk:
    """Return a last chunk in which the face comes to rest and the sound fades out."""
    frames = max(2, round(REST_S * chunk.motion.fps))
    count = round(frames * chunk.sample_rate / chunk.motion.fps)
    samples = np.zeros(count, np.float32)
    fade = min(count, len(chunk.waveform))
    samples[:fade] = chunk.waveform[:fade] * np.cos(0.5 * np.pi * np.arange(fade) / fade) ** 2
    share = 0.5 + 0.5 * np.cos(np.pi * np.arange(frames) / (frames - 1))
    motion = Motion(
        chunk.motion.fps,
        share[:, None] * chunk.motion.weights[:1],
        np.repeat(chunk.motion.head_rotation[:1], frames, axis=0),
        np.repeat(chunk.motion.eye_rotation[:1], frames, axis=0),
    )
    return Chunk(chunk.start_s, samples, chunk.sample_rate, motion, chunk.text, is_last=True)
