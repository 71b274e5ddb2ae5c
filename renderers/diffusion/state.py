"""What one video carries from window to window, in an object of its own.

The networks hold no state at all: two videos can be drawn in turns with the same networks.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from renderers.diffusion.branches import KeysValues, Memory
from renderers.diffusion.motion_module import MEMORY_DECAY

__all__ = ["ImagePlan", "VideoState", "carry_memories", "plan_images"]


@dataclass(frozen=True)
class ImagePlan:
    """Which images the reference network must be shown, each only once.

    Parameters
    ----------
    images : tuple of int
        0 for the portrait, ``1 + j`` for past frame ``j``; one entry for each row.
    tokens : tuple of int
        Image tokens of each row: 0 unconditional, 1 conditional.
    portrait_rows : tuple of int
        Row of the portrait for each half; empty when the portrait is left out.
    past_rows : tuple of tuple of int
        Rows of the past frames for each half, oldest first.
    """

    images: tuple[int, ...]
    tokens: tuple[int, ...]
    portrait_rows: tuple[int, ...]
    past_rows: tuple[tuple[int, ...], ...]


def plan_images(past: int, halves: int, guided: bool, first: bool) -> ImagePlan:
    """Plan the reference network's batch.

    The published code stacks [portrait, past frames] once for each half and gives the two token sets
    alternately over the whole stack. Equal pairs of image and tokens give equal features and are run once:
    in the first window the past is the portrait itself, later the portrait's features are known.

    Parameters
    ----------
    past : int
        Number of past frames.
    halves : int
        2 with guidance and differing token sets, else 1.
    guided : bool
        Whether tokens 0 exist; without guidance all images get tokens 1.
    first : bool
        Whether this is the first window.

    Examples
    --------
    >>> plan_images(past=2, halves=2, guided=True, first=True)
    ImagePlan(images=(0, 0), tokens=(0, 1), portrait_rows=(0, 1), past_rows=((1, 0), (0, 1)))
    """
    rows: dict[tuple[int, int], int] = {}

    def row(stacked: int, image: int) -> int:
        tokens = stacked % 2 if halves == 2 else int(guided is False)
        return rows.setdefault((0 if first else image, tokens), len(rows))

    portrait = tuple(row(half * (1 + past), 0) for half in range(halves)) if first else ()
    past_rows = tuple(
        tuple(row(half * (1 + past) + image, image) for image in range(1, past + 1)) for half in range(halves)
    )
    return ImagePlan(tuple(i for i, _ in rows), tuple(t for _, t in rows), portrait, past_rows)


def carry_memories(old: list[list[Memory]] | None, new: Iterable[list[Memory]], past: int) -> list[list[Memory]]:
    """Fade the memories of earlier windows and add those of this window's past frames, in place of the old."""
    if old is None:
        return list(new)
    fade = MEMORY_DECAY**past
    for before_pair, after_pair in zip(old, new, strict=True):
        for before, after in zip(before_pair, after_pair, strict=True):
            before.kv.mul_(fade).add_(after.kv)
            before.z.mul_(fade).add_(after.z)
    return old


@dataclass
class VideoState:
    """State of one video; made by ``TalkingHead.start``, advanced by ``TalkingHead.window``.

    Parameters
    ----------
    portrait : (1, 3, H, W) float
        The portrait in [-1, 1].
    portrait_latent : (1, 4, h, w) float
        Its scaled latent.
    image_tokens : (2, 4, C) float
        Unconditional and conditional image tokens.
    noise : numpy Generator
        Source of the windows' noise, continued from window to window.
    """

    portrait: Tensor
    portrait_latent: Tensor
    image_tokens: Tensor
    noise: np.random.Generator
    image_kv: list[KeysValues] = field(default_factory=list)
    reference_kv: list[KeysValues] = field(default_factory=list)
    memories: list[list[Memory]] | None = None
    past_pixels: Tensor | None = None
    past_latents: Tensor | None = None
    windows: int = 0

    @property
    def one_half(self) -> bool:
        """Whether the unconditional and the conditional image tokens are the same (no face embedding)."""
        return bool(torch.equal(self.image_tokens[0], self.image_tokens[1]))

    def draw_noise(self, frames: int) -> Tensor:
        """The next window's noise (frames, 4, h, w), float32 on the CPU: the same on every device."""
        shape = (frames, *self.portrait_latent.shape[1:])
        return torch.from_numpy(self.noise.standard_normal(shape, dtype=np.float32))
