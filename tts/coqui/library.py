"""The door to coqui-tts: import it or say in one line what is missing, and open a model's folder.

coqui-tts does not import without torchaudio and torchcodec, and PyPI's torchaudio does not match a CPU build of
torch: hence the extra ``coqui`` is for machines with a CUDA build of torch.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from conditioning import BackendError, MissingDependency

__all__ = ["KINDS", "ModelFolder", "load_model", "open_folder", "part"]

#: ``model`` in config.json → the engine that runs it.
KINDS = {"xtts": "xtts", "vits": "vits", "tacotron2": "gst", "tacotron": "gst"}
WEIGHTS = ("model.pth", "model_file.pth", "best_model.pth")


@dataclass(frozen=True)
class ModelFolder:
    """A model on the disk.

    Attributes
    ----------
    path : Path
    kind : str
        ``"xtts"``, ``"vits"`` or ``"gst"``.
    weights : Path
    """

    path: Path
    kind: str
    weights: Path


def open_folder(path: Path | str | None) -> ModelFolder:
    """Return what a folder holds.

    Raises
    ------
    BackendError
        If no folder is given, or it holds no model of a kind that is supported.
    """
    if path is None:
        raise BackendError(
            "voice 'coqui' needs the folder of a model, with config.json and model.pth; "
            "give it with --voice-option model=FOLDER"
        )
    folder = Path(path)
    try:
        name = json.loads((folder / "config.json").read_text(encoding="utf-8"))["model"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BackendError(f'{folder} is not a coqui model: no config.json with a "model" in it ({error})') from error
    if name not in KINDS:
        raise BackendError(f"{folder}: model {name!r} is not supported by voice 'coqui'; it runs {', '.join(KINDS)}")
    weights = next((folder / name for name in WEIGHTS if (folder / name).is_file()), None)
    if weights is None:
        raise BackendError(f"{folder} holds no weights; they are expected as {', '.join(WEIGHTS)}")
    return ModelFolder(folder, KINDS[name], weights)


def part(module: str, name: str) -> Any:
    """Return a class of coqui-tts.

    Raises
    ------
    MissingDependency
        If coqui-tts, torchaudio or torchcodec is missing or does not fit the installed torch.
    """
    try:
        with _quiet():
            return getattr(importlib.import_module(module), name)
    except (ImportError, OSError, RuntimeError) as error:  # OSError: a torchaudio built for another torch
        raise MissingDependency(
            f"voice 'coqui' cannot import coqui-tts: {' '.join(str(error).split())}; run `pip install 'mien[coqui]'` "
            "beside a CUDA build of torch, with the torchaudio and torchcodec of the same release"
        ) from error


def load_model(folder: ModelFolder, config_class: tuple[str, str], model_class: tuple[str, str], device: str) -> Any:
    """Return a model with its weights, ready to speak.

    Raises
    ------
    BackendError
        If the configuration or the weights do not fit the class: another version, a damaged file.
    """
    config_type, model_type = part(*config_class), part(*model_class)
    try:
        with _quiet():
            config = config_type()
            config.load_json(str(folder.path / "config.json"))
            model = model_type(config)
            if folder.kind == "xtts":
                model.load_checkpoint(config, checkpoint_dir=str(folder.path), eval=True)
            else:
                model.load_checkpoint(config, str(folder.weights), eval=True)
    except Exception as error:  # whatever the library raises for a file that does not fit
        reason = " ".join(str(error).split())[:160]
        raise BackendError(f"{folder.path} cannot be loaded by coqui-tts: {type(error).__name__}: {reason}") from error
    return model.to(device)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the library's warnings and log lines to itself."""
    import warnings

    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
