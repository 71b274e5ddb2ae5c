"""The face around a mouth that is heard live: expression, gaze, blinks and head, each known without the future."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from avatar.animator.animator import HEAD_SHIFT_S, JAW, aversion_of
from avatar.animator.blinks import blink_times, lid_closure
from avatar.animator.expression import express, felt
from avatar.animator.gaze import GazePath, gaze_path
from avatar.animator.head import head_motion
from avatar.animator.jaw_drop import OFFSET_S, ONSET_S, held_jaw
from avatar.animator.layers import Layers, assemble, mouth_of
from avatar.animator.noise import smoothstep
from avatar.animator.style import Style
from avatar.audio_motion.features import FRAME_RATE_HZ, SAMPLE_RATE, SCALE_DB
from avatar.sound_emotion import SMOOTH_WINDOWS, STEP_S, WINDOW_S, chances_of, emotion_from
from conditioning import Emotion, EmotionTrack, Motion

__all__ = ["LiveFace"]

Array = npt.NDArray[np.float32]

#: Glances and blinks are drawn for this long at a time, seconds.
EPOCH_S = 30.0
#: The head dips by this much on loud syllables, degrees; its two filters' time constants, and that of its composure, s.
NOD_DEG, NOD_FAST_S, NOD_SLOW_S, COMPOSURE_S = 5.0, 0.12, 1.2, 0.4
#: An emotion that was heard comes over the face within this time.
GLIDE_S = 0.8
#: What was felt this long ago still shows.
KEPT_S = 3.0


@dataclass(frozen=True, eq=False)
class _Epoch:
    """Half a minute of glances and blinks."""

    path: GazePath
    blinks_s: npt.NDArray[np.float64]


class LiveFace:
    """Perform frame after frame; see :class:`~avatar.sound_stream.SoundStream` for the parameters."""

    def __init__(self, fps: float, emotion: str | Emotion | EmotionTrack | None, seed: int, style: Style) -> None:
        self._fps, self._seed, self._style = fps, abs(seed), style
        self._listens = emotion is None
        given = Emotion.parse(emotion) if isinstance(emotion, str) else emotion or Emotion()
        self._emotion = EmotionTrack.constant(given) if isinstance(given, Emotion) else given
        self._epochs: dict[int, _Epoch] = {}
        self._sound, self._sound_first, self._heard = np.zeros(0, np.float32), 0, 0
        self._chances: list[npt.NDArray[np.float64]] = []
        self._fast = self._slow = self._composure = self._free = 0.0
        self._last = Motion.still(0.0, fps)

    def hear(self, sound: Array) -> None:
        """Take the next (n,) samples at 16 kHz, for the emotion in the voice."""
        if self._listens:
            self._sound = np.concatenate([self._sound, sound])

    def perform(
        self, times_s: npt.NDArray[np.float64], mouth: npt.NDArray[np.float64], level: float, *, quiet: bool, known: int
    ) -> Motion | None:
        """Return the frames that belong to one model frame, if there are any.

        Parameters
        ----------
        times_s : (T,) float64
            One after the other; T may be 0.
        mouth : (T, 15) float64
            In the order of :data:`~avatar.animator.layers.LIP_TRACK`.
        level : float
            Of the model frame, in the features' units.
        quiet : bool
            Whether nobody speaks from here to as far as is known.
        known : int
            How many model frames are known.
        """
        if self._listens and len(times_s) and known >= self._heard + round(STEP_S * FRAME_RATE_HZ):
            self._heard = known
            self._listen(known / FRAME_RATE_HZ, float(times_s[0]))
        self._follow(10.0 ** (SCALE_DB * level / 20.0), quiet)
        if not len(times_s):
            return None
        style = self._style
        strength = np.clip(felt(times_s, self._emotion) * style.expressiveness, 0.0, 1.0)
        epoch = self._epoch(float(times_s[0]), Emotion.from_weights(strength[0]))
        speaks = mouth[:, -1]
        face = express(times_s, self._emotion, np.inf, speaks, (), style, self._rng(0))
        face[:, JAW] = held_jaw(times_s, strength, self._rng(4)) * smoothstep(np.full(len(times_s), self._free))
        followed = epoch.path.at(times_s, HEAD_SHIFT_S) - style.gaze_target
        composure = np.full(len(times_s), self._composure)
        head = head_motion(times_s, strength, composure, None, followed, style, self._rng(3))
        head[:, 0] += np.radians(NOD_DEG) * (self._fast - self._slow) * self._composure * style.head_motion
        lids = lid_closure(times_s, epoch.blinks_s)
        self._last = assemble(self._fps, Layers(mouth_of(mouth), face, head, epoch.path.at(times_s), lids), style)
        return self._last

    def still(self) -> Motion:
        """Return the last frame once more."""
        return Motion(self._fps, self._last.weights[-1:], self._last.head_rotation[-1:], self._last.eye_rotation[-1:])

    def _rng(self, layer: int) -> np.random.Generator:
        """Return a layer's generator from its beginning: its curves are functions of time."""
        return np.random.default_rng([self._seed, layer])

    def _follow(self, amplitude: float, quiet: bool) -> None:
        """Let loudness, composure and the freedom of the jaw go on by one model frame."""
        step_s = 1.0 / FRAME_RATE_HZ
        self._fast += (amplitude - self._fast) * step_s / NOD_FAST_S
        self._slow += (amplitude - self._slow) * step_s / NOD_SLOW_S
        self._composure += ((0.0 if quiet else 1.0) - self._composure) * step_s / COMPOSURE_S
        self._free = float(np.clip(self._free + (step_s / ONSET_S if quiet else -step_s / OFFSET_S), 0.0, 1.0))

    def _epoch(self, time_s: float, feels: Emotion) -> _Epoch:
        """Return glances and blinks of the half minute around a moment and of the one before it."""
        number = int(time_s // EPOCH_S)
        if number not in self._epochs:
            before = self._epochs.get(number - 1)
            rng = np.random.default_rng([self._seed, 1, number])
            path = gaze_path(EPOCH_S, self._style, rng, aversion=aversion_of(feels), downcast=feels.sadness)
            blinks_s = number * EPOCH_S + blink_times(EPOCH_S, self._style, rng, path.shifts_s(), feels.vad.arousal)
            path = GazePath(number * EPOCH_S + path.start_s, path.yaw, path.pitch)
            if before is not None:
                late = before.path.start_s >= (number - 1) * EPOCH_S
                own = before.path
                path = GazePath(
                    np.concatenate([own.start_s[late], path.start_s]), np.concatenate([own.yaw[late], path.yaw]),
                    np.concatenate([own.pitch[late], path.pitch]),
                )  # fmt: skip
            self._epochs = {number: _Epoch(path, blinks_s)}
        return self._epochs[number]

    def _listen(self, now_s: float, from_s: float) -> None:
        """Hear the emotion of the last seconds, and glide to it."""
        end = round(now_s * SAMPLE_RATE) - self._sound_first
        begin = max(end - round(WINDOW_S * SAMPLE_RATE), 0)
        self._chances = [*self._chances, chances_of(self._sound[begin:end])][-SMOOTH_WINDOWS:]
        before = [key for key in self._emotion.keyframes if from_s - KEPT_S < key[0] < from_s]
        found = emotion_from(np.mean(self._chances, axis=0))
        self._emotion = EmotionTrack((*before, (from_s, self._emotion.at(from_s)), (from_s + GLIDE_S, found)))
        self._sound, self._sound_first = self._sound[begin:], self._sound_first + begin
