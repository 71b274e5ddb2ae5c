"""Sizes of the networks, read from the ``config.json`` beside each file of weights.

The published folders were written by diffusers, so their configuration lists many settings of the stock
U-Net that never vary. Those that would change the arithmetic are checked against the value implemented
here; widths, heads and token counts are read.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeVar

from checkpoints.errors import CheckpointError

__all__ = ["AudioProjectionConfig", "ImageProjectionConfig", "NetConfig", "read_config"]

# Settings that would change the arithmetic, and the only value implemented.
_FIXED: dict[str, Any] = {
    "act_fn": "silu",
    "center_input_sample": False,
    "class_embed_type": None,
    "downsample_padding": 1,
    "dual_cross_attention": False,
    "flip_sin_to_cos": True,
    "freq_shift": 0,
    "mid_block_scale_factor": 1,
    "norm_eps": 1e-5,
    "num_class_embeds": None,
    "only_cross_attention": False,
    "resnet_time_scale_shift": "default",
    "time_embedding_type": "positional",
    "transformer_layers_per_block": 1,
    "unet_use_cross_frame_attention": None,
    "unet_use_temporal_attention": None,
    "use_inflated_groupnorm": True,
    "use_linear_projection": False,
}
_FIXED_MOTION: dict[str, Any] = {
    "attention_block_types": ["Temporal_Self", "Temporal_Self"],
    "num_transformer_block": 1,
    "temporal_attention_dim_div": 1,
    "temporal_position_encoding": True,
}
# Settings without influence on inference with the fixed ones above.
_IDLE = {
    "addition_embed_type_num_heads",
    "attention_type",
    "conv_in_kernel",
    "down_block_types",
    "dropout",
    "emo_drop_rate",
    "mid_block_type",
    "motion_module_resolutions",
    "motion_module_type",
    "motion_module_mid_block",
    "sample_size",
    "up_block_types",
    "upcast_attention",
}

Config = TypeVar("Config", "NetConfig", "AudioProjectionConfig", "ImageProjectionConfig")


@dataclass(frozen=True)
class NetConfig:
    """Sizes of the reference network and of the diffusion network (Stable Diffusion 1.5's by default).

    Parameters
    ----------
    block_out_channels : tuple of int
        Channels of the four levels.
    norm_num_groups : int
        Groups of the group norms, except those of the motion modules (always 32).
    attention_head_dim : int
        Number of heads, in spite of its name (the published setting is called so).
    cross_attention_dim, audio_attention_dim : int
        Channels of an image token and of an audio token.
    max_frames : int
        Rows of the position table of the motion modules.
    """

    block_out_channels: tuple[int, ...] = (320, 640, 1280, 1280)
    norm_num_groups: int = 32
    attention_head_dim: int = 8
    cross_attention_dim: int = 768
    audio_attention_dim: int = 768
    layers_per_block: int = 2
    in_channels: int = 4
    out_channels: int = 4
    max_frames: int = 32

    @property
    def heads(self) -> int:
        """Number of attention heads everywhere."""
        return self.attention_head_dim


@dataclass(frozen=True)
class AudioProjectionConfig:
    """Sizes of the projection from wav2vec2 layers to audio tokens."""

    seq_len: int = 5
    blocks: int = 12
    channels: int = 768
    intermediate_dim: int = 512
    output_dim: int = 768
    context_tokens: int = 32


@dataclass(frozen=True)
class ImageProjectionConfig:
    """Sizes of the projection from a face embedding to image tokens."""

    cross_attention_dim: int = 768
    clip_embeddings_dim: int = 512
    clip_extra_context_tokens: int = 4


def read_config(source: Path | Mapping[str, Any], kind: type[Config]) -> Config:
    """Build a configuration from ``config.json`` or from its content.

    Parameters
    ----------
    source : path or mapping
        The file, or what it holds.
    kind : type
        Configuration class to build.

    Raises
    ------
    CheckpointError
        If the file is not JSON, or asks for arithmetic that is not implemented.
    """
    name = str(source) if isinstance(source, Path) else "the given configuration"
    values = _load_json(source) if isinstance(source, Path) else dict(source)
    motion = values.pop("motion_module_kwargs", None) or {}
    _check_fixed(values, _FIXED, name)
    _check_fixed(motion, _FIXED_MOTION, name)
    if "temporal_position_encoding_max_len" in motion:
        values["max_frames"] = motion["temporal_position_encoding_max_len"]
    wanted = {field.name for field in fields(kind)}
    known = wanted | set(_FIXED) | _IDLE
    foreign = sorted(k for k, v in values.items() if k not in known and not k.startswith("_") and v)
    if foreign:
        warnings.warn(f"{name}: settings not known here are ignored: {', '.join(foreign)}", stacklevel=2)
    return kind(**{k: _frozen(v, name, k) for k, v in values.items() if k in wanted})


def _load_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(
            f"{path} is missing: each network's folder holds config.json and diffusion_pytorch_model.safetensors; "
            "download the folder again"
        ) from None
    except (OSError, ValueError) as error:
        raise CheckpointError(f"{path} cannot be read as JSON ({error}); download it again") from error
    if not isinstance(values, dict):
        raise CheckpointError(f"{path} holds {type(values).__name__}, not an object; download it again")
    return values


def _check_fixed(values: Mapping[str, Any], fixed: Mapping[str, Any], name: str) -> None:
    for key, allowed in fixed.items():
        if key in values and values[key] != allowed:
            raise CheckpointError(
                f"{name}: {key}={values[key]!r} is not implemented, only {allowed!r}; "
                "these weights are of another model"
            )


def _frozen(value: Any, name: str, key: str) -> Any:
    value = tuple(value) if isinstance(value, list) else value
    numbers = value if isinstance(value, tuple) else (value,)
    if not all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in numbers):
        raise CheckpointError(
            f"{name}: {key}={value!r} must be a positive whole number; these weights are of another model"
        )
    return value
