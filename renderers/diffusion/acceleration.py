"""Running the step faster on CUDA: channels-last weights, torch.compile, or a recorded CUDA graph."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from checkpoints.errors import BackendError, InputError
from renderers.diffusion.branches import WindowContext
from renderers.diffusion.model import TalkingHead

__all__ = ["ACCELERATIONS", "GraphedStep", "accelerate"]

ACCELERATIONS = ("none", "compile", "graph")
WARM_UP = 2


def accelerate(head: TalkingHead, kind: str) -> None:
    """Choose how ``head`` runs its diffusion step.

    Parameters
    ----------
    head : TalkingHead
    kind : {"none", "compile", "graph"}
        ``"compile"`` fuses kernels and takes minutes at the first step; ``"graph"`` records the kernels of a
        step once for each video and replays them without the CPU (CUDA only).
    """
    if kind not in ACCELERATIONS:
        raise InputError(f"acceleration={kind!r} is not known; allowed are {', '.join(ACCELERATIONS)}")
    if kind == "graph" and (head.device.type != "cuda" or head.offload):
        raise BackendError(
            f"acceleration='graph' needs weights that stay on a CUDA device (device is {head.device}, "
            f"offload={head.offload}); use acceleration='none'"
        )
    if head.device.type == "cuda":
        for network in (head.vae, head.reference_net, head.diffusion_net):
            network.to(memory_format=torch.channels_last)
    if kind == "compile":
        head.step = torch.compile(head.diffusion_net, dynamic=False)
    elif kind == "graph":
        head.step = GraphedStep(head.diffusion_net)
    else:
        head.step = head.diffusion_net


class GraphedStep:
    """Replays the step of a window as one CUDA graph.

    A graph reads fixed addresses: inputs are copied into buffers of its own. Keys, values and memories of a
    video stay where they are from window to window (memories are updated in place), and the emotion's shifts
    and scales are copied. A graph is recorded for each video and batch layout; the oldest is dropped.
    """

    def __init__(self, network: Any, keep: int = 2) -> None:
        self.network = network
        self.keep = keep
        self.graphs: dict[tuple[Any, ...], _Graph] = {}

    def __call__(self, latents: Tensor, timestep: Tensor, audio: Tensor, context: WindowContext) -> Tensor:
        """Run the step; see ``DiffusionNet.forward``."""
        memory = context.memories[0][0].kv
        key = (latents.shape, context.branches, memory.data_ptr(), context.reference_kv[0][0].data_ptr())
        if key not in self.graphs:
            while len(self.graphs) >= self.keep:
                del self.graphs[next(iter(self.graphs))]
            self.graphs[key] = _Graph(self.network, latents, timestep, audio, context)
        return self.graphs[key].replay(latents, timestep, audio, context)


class _Graph:
    def __init__(self, network: Any, latents: Tensor, timestep: Tensor, audio: Tensor, context: WindowContext) -> None:
        self.inputs = [latents.clone(), timestep.clone(), audio.clone()]
        mods = [[(shift.clone(), scale.clone()) for shift, scale in norms] for norms in context.modulations]
        self.context = WindowContext(
            context.branches, context.image_kv, context.reference_kv, context.reference_rows, mods, context.memories
        )
        side: Any = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(WARM_UP):
                network(*self.inputs, self.context)
        torch.cuda.current_stream().wait_stream(side)
        self.graph: Any = torch.cuda.CUDAGraph()
        # "thread_local": another thread may be decoding the window before.
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            self.output: Tensor = network(*self.inputs, self.context)
        self.loaded: WindowContext | None = None

    def replay(self, latents: Tensor, timestep: Tensor, audio: Tensor, context: WindowContext) -> Tensor:
        for own, given in zip(self.inputs, (latents, timestep, audio), strict=True):
            own.copy_(given)
        if self.loaded is not context:  # another window: its emotions
            for own_norms, norms in zip(self.context.modulations, context.modulations, strict=True):
                for own_pair, pair in zip(own_norms, norms, strict=True):
                    own_pair[0].copy_(pair[0])
                    own_pair[1].copy_(pair[1])
            self.loaded = context
        self.graph.replay()
        return self.output.clone()
