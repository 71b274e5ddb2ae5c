"""How the batch of one window is laid out, and what is prepared once for all its steps.

With guidance the network is run on several *branches* at once: unconditional, optionally conditional with
the null emotion, and conditional. Branches are stacked first, frames within them: row ``b·F + f``.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor

__all__ = ["Branches", "KeysValues", "Memory", "Modulation", "WindowContext"]

KeysValues = tuple[Tensor, Tensor]
Modulation = tuple[Tensor, Tensor]  # shift and scale, each (B·F, 1, C)


@dataclass(frozen=True)
class Branches:
    """The layout of the batch.

    Parameters
    ----------
    frames : int
        New frames in a branch.
    guided : bool
        Whether the first branch is the unconditional one: zero audio, null emotion, no reference.
    emotion_guided : bool
        Whether a branch with the null emotion stands before the conditional one.
    halves : int
        Distinct sets of past features: 2 when the unconditional image tokens differ, else 1.
    memory_half : int
        Half used by an unguided batch.
    """

    frames: int
    guided: bool = True
    emotion_guided: bool = False
    halves: int = 2
    memory_half: int = 0

    @property
    def count(self) -> int:
        """Number of branches."""
        return 1 + self.guided + self.emotion_guided

    @property
    def plain_rows(self) -> int:
        """Rows of the batch that do not see the reference image."""
        return self.frames if self.guided else 0

    @property
    def memory_groups(self) -> tuple[tuple[int, slice], ...]:
        """Memory half and the branches that use it."""
        if self.halves == 1 or not self.guided:
            return ((self.memory_half, slice(0, self.count)),)
        return ((0, slice(0, 1)), (1, slice(1, self.count)))

    def reference_rows(self, device: torch.device) -> Tensor:
        """Which reference feature each conditional row attends to, (rows,) int64.

        The published code tiles the two features alternately over all frames of the batch, not per branch,
        and the weights were used so; row ``j`` takes feature ``j mod 2``.
        """
        rows = torch.arange(self.plain_rows, 2 * self.frames if self.guided else self.frames, device=device)
        rows = rows % 2 if self.guided and self.halves == 2 else torch.zeros_like(rows)
        return rows.repeat(2) if self.emotion_guided else rows


@dataclass
class Memory:
    """Decayed sums over past frames of one linear attention.

    Parameters
    ----------
    kv : (halves, N, heads, w, w) float
        Sum of keysᵀ·values.
    z : (halves, N, heads, w) float
        Sum of keys.
    """

    kv: Tensor
    z: Tensor


@dataclass
class WindowContext:
    """Everything of one window that its steps share; lists are in network order.

    Parameters
    ----------
    branches : Branches
    image_kv : list of KeysValues
        Keys and values of the image tokens, (branches, 4, c), one for each of the 16 attentions.
    reference_kv : list of KeysValues
        Keys and values of the reference image, (halves, N, c).
    reference_rows : (rows,) int64
        Which of the halves each conditional row uses.
    modulations : list of list of Modulation
        Four emotion norms for each of the 16 audio modules.
    memories : list of list of Memory
        Two for each of the 21 motion modules.
    """

    branches: Branches
    image_kv: list[KeysValues]
    reference_kv: list[KeysValues]
    reference_rows: Tensor
    modulations: list[list[Modulation]] = field(default_factory=list)
    memories: list[list[Memory]] = field(default_factory=list)

    def conditional_only(self) -> WindowContext:
        """Return views of this context for steps that are run without guidance."""
        branches = self.branches
        if branches.count == 1:
            return self
        alone = Branches(branches.frames, guided=False, halves=branches.halves, memory_half=branches.halves - 1)
        last = slice(branches.count - 1, branches.count)
        rows = slice((branches.count - 1) * branches.frames, None)
        return WindowContext(
            alone,
            [(k[last], v[last]) for k, v in self.image_kv],
            self.reference_kv,
            self.reference_rows[-branches.frames :],
            [[(shift[rows], scale[rows]) for shift, scale in mods] for mods in self.modulations],
            self.memories,
        )
