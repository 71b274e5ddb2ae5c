"""Sound → wav2vec2 features at the networks' frame rate, in pieces, so that memory does not grow with the sound."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil, gcd
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn import functional

from checkpoints.errors import CheckpointError
from renderers.diffusion.loading import fetch
from renderers.diffusion.weights import WAV2VEC_ID

__all__ = ["FEATURE_FPS", "SOUND_RATE_HZ", "AudioFeatures"]

SOUND_RATE_HZ = 16_000
FEATURE_FPS = 30.0
"""Frames a second of the published networks."""
NEIGHBOURS = 2
#: Sounds up to this length are seen whole, as the published code does; longer ones in pieces of this length.
PIECE_S = 20.0
#: A piece is seen with this much of its surroundings on each side.
CONTEXT_S = 2.0


class AudioFeatures:
    """The published front end: all layers of wav2vec2, interpolated to 30 a second.

    Parameters
    ----------
    model : Wav2Vec2Model
        transformers' model.
    """

    def __init__(self, model: Any) -> None:
        if model.config.do_stable_layer_norm:
            raise CheckpointError(f"this wav2vec2 norms before its layers, unlike {WAV2VEC_ID}; get that one")
        self.model = model.eval()
        self.device = next(model.parameters()).device
        self.dtype = next(model.parameters()).dtype

    @classmethod
    def from_pretrained(
        cls, folder_or_id: str | Path = WAV2VEC_ID, device: torch.device | str = "cpu", dtype: Any = torch.float32
    ) -> AudioFeatures:
        """Load wav2vec2 from a local folder or the hub; safetensors only."""
        from transformers import Wav2Vec2Model, logging

        folder = fetch(folder_or_id, None, ("*",))
        quiet = logging.get_verbosity()
        logging.set_verbosity_error()  # the head for transcription that the file also holds is not wanted
        try:
            model = Wav2Vec2Model.from_pretrained(str(folder), use_safetensors=True, local_files_only=True)
        except (OSError, ValueError, RuntimeError) as error:
            raise CheckpointError(
                f"{folder} holds no wav2vec2 model in safetensors ({str(error).splitlines()[0]}); get {WAV2VEC_ID}"
            ) from error
        finally:
            logging.set_verbosity(quiet)
        return cls(model.to(device, dtype).requires_grad_(False))

    @property
    def shape(self) -> tuple[int, int]:
        """Layers and channels of the features."""
        return int(self.model.config.num_hidden_layers), int(self.model.config.hidden_size)

    def windows(self, waveform: npt.NDArray[np.float32], sample_rate: int, frames: int) -> Iterator[Tensor]:
        """Yield the features of window after window; the last is filled up with silence.

        Parameters
        ----------
        waveform : (n,) float32
            Mono sound.
        sample_rate : int
            Hertz.
        frames : int
            Frames in a window.

        Yields
        ------
        (frames, 5, layers, channels) float
            Each frame with its two neighbours on either side.
        """
        sound = _normalised(_resampled(waveform, sample_rate))
        count = ceil(max(1, ceil(round(len(sound) / SOUND_RATE_HZ * FEATURE_FPS, 6))) / frames)
        offsets = torch.arange(-NEIGHBOURS, NEIGHBOURS + 1)
        total = count * frames
        loaded, first = torch.empty(0), 0  # features of frames first … first + len(loaded)
        for window in range(count):
            needed = (window * frames + torch.arange(frames)[:, None] + offsets).clamp(0, total - 1)
            if int(needed.max()) >= first + len(loaded):
                kept = max(int(needed.min()) - first, 0)
                start = first + len(loaded)
                whole = total <= PIECE_S * FEATURE_FPS
                stop = total if whole else max(start + int(PIECE_S * FEATURE_FPS), int(needed.max()) + 1)
                piece = self._piece(sound, start, min(stop, total), total)
                loaded, first = torch.cat([loaded[kept:].to(piece), piece]), first + kept
            yield loaded[needed - first]

    @torch.no_grad()
    def _piece(self, sound: npt.NDArray[np.float32], start: int, stop: int, total: int) -> Tensor:
        """Features (stop - start, layers, channels) of frames ``start`` to ``stop``."""
        context = int(CONTEXT_S * FEATURE_FPS)
        low, high = max(start - context, 0), min(stop + context, total)
        at = [round(frame * SOUND_RATE_HZ / FEATURE_FPS) for frame in (low, high)]
        part = np.zeros(at[1] - at[0], np.float32)
        heard = sound[at[0] : at[1]]
        part[: len(heard)] = heard
        features = self._encode(torch.from_numpy(part)[None].to(self.device, self.dtype), high - low)
        return features[start - low : stop - low]

    def _encode(self, sound: Tensor, frames: int) -> Tensor:
        """All layers' outputs (frames, layers, channels).

        The interpolation lies between feature extractor and encoder, so that the encoder is walked by hand.
        """
        model, encoder = self.model, self.model.encoder
        x = functional.interpolate(model.feature_extractor(sound), size=frames, align_corners=True, mode="linear")
        hidden, _ = model.feature_projection(x.transpose(1, 2))
        hidden = encoder.layer_norm(hidden + encoder.pos_conv_embed(hidden))
        outputs = []
        for layer in encoder.layers:
            out = layer(hidden)
            hidden = out[0] if isinstance(out, tuple) else out
            outputs.append(hidden[0])
        return torch.stack(outputs, dim=1)


def _resampled(waveform: npt.NDArray[np.float32], sample_rate: int) -> npt.NDArray[np.float32]:
    if sample_rate == SOUND_RATE_HZ:
        return waveform
    from scipy.signal import resample_poly

    common = gcd(sample_rate, SOUND_RATE_HZ)
    out: npt.NDArray[np.float32] = resample_poly(waveform, SOUND_RATE_HZ // common, sample_rate // common)
    return out.astype(np.float32)


def _normalised(sound: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Zero mean and unit variance over the whole sound, as wav2vec2's feature extractor does."""
    mean, variance = float(np.mean(sound, dtype=np.float64)), float(np.var(sound, dtype=np.float64))
    out: npt.NDArray[np.float32] = ((sound - mean) / np.sqrt(variance + 1e-7)).astype(np.float32)
    return out
