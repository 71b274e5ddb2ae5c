"""What weights the diffusion renderer needs, where they are looked for, and what to say when they are absent."""

from __future__ import annotations

import os
from pathlib import Path

from checkpoints.errors import CheckpointError

__all__ = ["HUB_ID", "VAE_ID", "WAV2VEC_ID", "WEIGHTS_VARIABLE", "locate", "looks_like_id", "missing_weights"]

HUB_ID = "memoavatar/memo"
VAE_ID = "stabilityai/sd-vae-ft-mse"
WAV2VEC_ID = "facebook/wav2vec2-base-960h"
#: Folder or hub id of the weights, when no option names them.
WEIGHTS_VARIABLE = "MIEN_DIFFUSION_WEIGHTS"


def missing_weights(looked_at: str) -> CheckpointError:
    """The one line for somebody who has no weights yet."""
    return CheckpointError(
        f"the diffusion renderer has no weights ({looked_at}): get {HUB_ID} (2.6 billion weights, 4.8 GiB in bfloat16, "
        f"twice that as float32 files; Apache-2.0), {VAE_ID} (0.3 GB; MIT) and {WAV2VEC_ID} (0.4 GB; Apache-2.0), e.g. "
        f"`hf download {HUB_ID} --local-dir memo`, `hf download {VAE_ID} --local-dir memo/vae`, "
        f"`hf download {WAV2VEC_ID} --local-dir memo/wav2vec2`, and point to the folder with the option weights=memo "
        f"or {WEIGHTS_VARIABLE}=memo; or use the portrait renderer, which needs none"
    )


def locate(weights: str | Path | None) -> str | Path:
    """Return the folder or hub id to load from.

    Parameters
    ----------
    weights : str or path, optional
        As given by the user; else the environment variable :data:`WEIGHTS_VARIABLE` is read.

    Raises
    ------
    CheckpointError
        If neither names anything, or the folder named does not exist.
    """
    chosen = weights or os.environ.get(WEIGHTS_VARIABLE)
    if not chosen:
        raise missing_weights(f"no option weights=, and {WEIGHTS_VARIABLE} is not set")
    if Path(chosen).is_dir() or looks_like_id(str(chosen)):
        return chosen
    raise missing_weights(f"there is no folder {chosen}")


def looks_like_id(text: str) -> bool:
    """Tell whether ``text`` is a hub id such as ``memoavatar/memo`` and not a path."""
    parts = text.split("/")
    return len(parts) == 2 and all(parts) and not text.startswith((".", "~", "/")) and os.sep not in parts[1]
