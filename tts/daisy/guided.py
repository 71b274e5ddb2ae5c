"""The network under a style, with classifier-free guidance.

J. Ho and T. Salimans, "Classifier-free diffusion guidance", 2022, eq. 6, with the plain reading as the unconditional
one: in training the style is dropped in 15 % of the lines, and what is then learnt is the teacher's own reading. So a
factor of 0 is the plain voice, 1 the style, and more than 1 goes beyond it; the neutral voice is the same under any
factor.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tts.convnext import Array
from tts.daisy.flow import integrate
from tts.daisy.model import VoiceModel
from tts.daisy.network import FRAMES_PER_STEP, N_OUT

__all__ = ["Encoded", "encode_styled", "frame_style"]

#: Smaller differences from 1 are no guidance, and cost nothing.
NO_GUIDANCE = 1e-6


@dataclass(frozen=True, eq=False)
class Encoded:
    """Phones of a sentence as the network knows them.

    Attributes
    ----------
    styled : (n, encoder) float32
        Under their style.
    plain : (n, encoder) float32 or None
        Without style, where guidance needs it.
    style : (n, S) float32
        u of the phones; no columns in version 1.
    guidance : float
    """

    styled: Array
    plain: Array | None
    style: Array
    guidance: float

    def durations(self, model: VoiceModel, speaker: int) -> Array:
        """Return (n,) z-scored ln frames."""
        row = model.prosody_speaker(speaker)
        return self._guide(self.style, lambda encoded, style: model.network.durations(encoded, row, style))

    def pitch(self, model: VoiceModel, speaker: int, ends: npt.NDArray[np.int64], style: Array) -> Array:
        """Return z-scored ln F0 of every frame, under u (steps, S) of the steps."""
        network, row = model.network, model.prosody_speaker(speaker)
        return self._guide(style, lambda encoded, u: network.pitch(network.context(encoded, ends), row, u))

    def decode(
        self, model: VoiceModel, speaker: int, ends: npt.NDArray[np.int64], style: Array, seed: Sequence[int]
    ) -> Array:
        """Return z-scored (frames, 64) features, the last one voiced above 0; ``seed`` is of the flow's noise."""
        network = model.network
        if model.decoder == "l1":
            return self._guide(style, lambda encoded, u: network.decode(network.context(encoded, ends), speaker, u))
        steps = len(style)
        noise = np.random.default_rng(seed).standard_normal((steps, FRAMES_PER_STEP * N_OUT)).astype(np.float32)
        contexts = {id(x): network.context(x, ends) for x in (self.styled, self.plain) if x is not None}

        def velocity(x: Array, time: float) -> Array:
            return self._guide(style, lambda encoded, u: network.velocity(x, time, contexts[id(encoded)], speaker, u))

        return integrate(velocity, noise, model.flow_steps).reshape(-1, N_OUT)

    def _guide(self, style: Array, run: Callable[[Array, Array], Array]) -> Array:
        found = run(self.styled, style)
        if self.plain is None:
            return found
        plain = run(self.plain, np.zeros_like(style))
        guided: Array = plain + np.float32(self.guidance) * (found - plain)
        return guided


def encode_styled(
    model: VoiceModel, ids: npt.NDArray[np.int64], features: Array, style: Array, guidance: float
) -> Encoded:
    """Encode the phones of a sentence.

    Parameters
    ----------
    model : VoiceModel
    ids, features
        Of :class:`tts.daisy.inputs.PhoneSequence`.
    style : (n, S) float32
        u of each phone.
    guidance : float
        Factor on what the style changes.
    """
    guided = style.any() and abs(guidance - 1.0) > NO_GUIDANCE
    plain = model.network.encode(ids, features, np.zeros_like(style)) if guided else None
    return Encoded(model.network.encode(ids, features, style), plain, style, guidance)


def frame_style(style: Array) -> Array:
    """Return u of the 20 ms steps from u of the 5 ms frames: the first frame of each."""
    return np.ascontiguousarray(style[::FRAMES_PER_STEP], dtype=np.float32)
