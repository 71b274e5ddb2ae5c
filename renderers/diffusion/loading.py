"""The published folders → networks, strictly.

The hub's layout: ``reference_net/``, ``diffusion_net/``, ``image_proj/`` and ``audio_proj/``, each with
``config.json`` and ``diffusion_pytorch_model.safetensors``, and beside them (or elsewhere) ``vae/``.
Pickles are never opened.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from checkpoints.errors import CheckpointError, MissingDependency
from renderers.diffusion.config import AudioProjectionConfig, ImageProjectionConfig, NetConfig, read_config
from renderers.diffusion.diffusion_net import DiffusionNet
from renderers.diffusion.model import TalkingHead
from renderers.diffusion.projections import AudioProjection, ImageProjection
from renderers.diffusion.reference_net import ReferenceNet
from renderers.diffusion.weights import HUB_ID, VAE_ID, locate, looks_like_id

__all__ = ["WEIGHTS_NAME", "fetch", "from_pretrained", "load_weights", "read_weights", "save_network"]

WEIGHTS_NAME = "diffusion_pytorch_model.safetensors"
CONFIG_NAME = "config.json"
NETWORKS: dict[str, tuple[Any, Any]] = {
    "image_proj": (ImageProjection, ImageProjectionConfig),
    "audio_proj": (AudioProjection, AudioProjectionConfig),
    "reference_net": (ReferenceNet, NetConfig),
    "diffusion_net": (DiffusionNet, NetConfig),
}
_PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl")
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_POSITIONS = ".pos_encoder.pe"


def from_pretrained(
    folder_or_id: str | Path | None = None,
    *,
    vae: str | Path | None = None,
    revision: str | None = None,
    device: torch.device | str = "cpu",
    dtype: torch.dtype = torch.float32,
    attention: str = "auto",
    offload: bool = False,
    tiling: bool = False,
) -> TalkingHead:
    """Load the published networks.

    Parameters
    ----------
    folder_or_id : str or path, optional
        A local folder in the hub's layout, or a hub id; the environment variable ``MIEN_DIFFUSION_WEIGHTS``
        when absent.
    vae : str or path, optional
        Folder or hub id of the autoencoder; ``vae/`` inside the folder, else ``stabilityai/sd-vae-ft-mse``.
    revision : str, optional
        Of the hub's repository.
    device, dtype
        Where and how the weights are kept: float32, bfloat16 or float16.
    attention : {"auto", "sdpa", "xformers", "math"}
    offload : bool
        Keep networks that are not at work on the CPU.
    tiling : bool
        Decode in overlapping tiles.

    Raises
    ------
    CheckpointError
        If a file is absent, damaged, a pickle, or holds another model's weights.
    """
    where = torch.device(device)
    place = torch.device("cpu") if offload else where
    folder = fetch(locate(folder_or_id), revision, tuple(f"{name}/*" for name in NETWORKS))
    networks = {name: _load_network(folder / name, *kinds, place, dtype) for name, kinds in NETWORKS.items()}
    inside = folder / "vae"
    autoencoder = _load_vae(fetch(vae or (inside if inside.is_dir() else VAE_ID), None, ("*",)), place, dtype)
    return TalkingHead(autoencoder, **networks, device=where, attention=attention, offload=offload, tiling=tiling)


def fetch(folder_or_id: str | Path, revision: str | None, patterns: tuple[str, ...]) -> Path:
    """Return a local folder: the one given, or a snapshot from the hub (its cache first)."""
    if Path(folder_or_id).is_dir():
        return Path(folder_or_id)
    if not looks_like_id(str(folder_or_id)):
        raise CheckpointError(f"there is no folder {folder_or_id}; give a folder or a hub id such as {HUB_ID}")
    try:
        from huggingface_hub import snapshot_download
    except ImportError as error:
        raise MissingDependency("reading from the hub needs a package: pip install huggingface_hub") from error
    wanted = [p + end for p in patterns for end in ((".json", ".safetensors") if p.endswith("*") else ("",))]
    try:
        return Path(snapshot_download(str(folder_or_id), revision=revision, allow_patterns=wanted))
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise CheckpointError(
            f"{folder_or_id} cannot be had from the hub ({reason}); "
            "download it where there is a network and give the folder"
        ) from error


def _load_network(folder: Path, kind: Any, config_kind: Any, device: torch.device, dtype: torch.dtype) -> nn.Module:
    if not folder.is_dir():
        raise CheckpointError(
            f"{folder} is missing: the folder of the weights holds {', '.join(NETWORKS)}; download {HUB_ID} again"
        )
    config = read_config(folder / CONFIG_NAME, config_kind)
    with torch.device("meta"):
        network = kind(config)
    load_weights(network, read_weights(folder), str(folder / WEIGHTS_NAME), device, dtype)
    return network.eval().requires_grad_(False)


def read_weights(folder: Path) -> dict[str, Tensor]:
    """Read a folder's safetensors file.

    Raises
    ------
    CheckpointError
        If it is absent (pickles are refused), truncated or not safetensors.
    """
    path = folder / WEIGHTS_NAME
    if not path.is_file():
        pickles = sorted(p.name for p in folder.iterdir() if p.suffix in _PICKLES)
        if pickles:
            raise CheckpointError(
                f"{folder} holds only a pickle ({pickles[0]}), which can run code when it is opened and is refused; "
                f"get the {WEIGHTS_NAME} of the same model"
            )
        raise CheckpointError(f"{path} is missing; download {folder.name} of {HUB_ID} again")
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(
            f"{path} ({path.stat().st_size} bytes) is truncated or not a safetensors file ({error}); download it again"
        ) from error


def load_weights(
    network: nn.Module, weights: Mapping[str, Tensor], name: str, device: torch.device, dtype: torch.dtype
) -> None:
    """Put weights into a network whose names and shapes must be exactly theirs; position tables stay float32.

    Raises
    ------
    CheckpointError
        For missing, foreign, misshapen or non-float weights.
    """
    expected = network.state_dict()
    missing, foreign = sorted(set(expected) - set(weights)), sorted(set(weights) - set(expected))
    if missing or foreign:
        raise CheckpointError(
            f"{name} holds weights of another model: {len(missing)} are missing{_first(missing)}, "
            f"{len(foreign)} are foreign{_first(foreign)}; get the file of {HUB_ID}"
        )
    for key, value in weights.items():
        if value.shape != expected[key].shape:
            raise CheckpointError(
                f"{name}: {key} has shape {tuple(value.shape)}, "
                f"the configuration asks for {tuple(expected[key].shape)}; "
                "file and config.json are of different models"
            )
        if value.dtype not in _FLOATS:
            raise CheckpointError(f"{name}: {key} is {value.dtype}, allowed are float16, bfloat16 and float32")
    kinds = Counter(str(v.dtype).removeprefix("torch.") for k, v in weights.items() if not k.endswith(_POSITIONS))
    if len(kinds) > 1:
        counts = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
        warnings.warn(f"{name} mixes number formats ({counts}); all are converted", stacklevel=2)
    moved = {k: v.to(device, torch.float32 if k.endswith(_POSITIONS) else dtype) for k, v in weights.items()}
    network.load_state_dict(moved, assign=True)


def _first(names: list[str]) -> str:
    return f" (first: {names[0]})" if names else ""


def _load_vae(folder: Path, device: torch.device, dtype: torch.dtype) -> Any:
    from diffusers import AutoencoderKL

    path = folder / CONFIG_NAME
    if not path.is_file():
        raise CheckpointError(f"{path} is missing: this is no autoencoder; get {VAE_ID} and give its folder as vae=")
    config = AutoencoderKL.load_config(str(folder))
    with torch.device("meta"):
        network = AutoencoderKL.from_config(config)
    weights = _modern_names(read_weights(folder))
    load_weights(network, weights, str(folder / WEIGHTS_NAME), device, dtype)
    return network.eval().requires_grad_(False)


#: Attention layers of autoencoders published before 2023 carry older names.
_OLD_NAMES = {".query.": ".to_q.", ".key.": ".to_k.", ".value.": ".to_v.", ".proj_attn.": ".to_out.0."}


def _modern_names(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    renamed = {}
    for key, value in weights.items():
        if ".attentions." in key:
            for old, new in _OLD_NAMES.items():
                key = key.replace(old, new)
            linear = key.split(".")[-2] in ("to_q", "to_k", "to_v", "0") and key.endswith(".weight")
            value = value.reshape(value.shape[:2]) if linear else value
        renamed[key] = value
    return renamed


def save_network(network: nn.Module, folder: Path, config: Mapping[str, Any]) -> None:
    """Write one network's folder in the hub's layout."""
    import json

    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / WEIGHTS_NAME)
    (folder / CONFIG_NAME).write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
