"""Scaled dot-product attention behind one door: torch's own, or xformers on CUDA."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from checkpoints.errors import BackendError, MissingDependency

__all__ = ["ATTENTION_KINDS", "Attention", "AttentionSwitch", "attend", "choose_attention", "set_attention"]

ATTENTION_KINDS = ("auto", "sdpa", "xformers", "math")


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, kind: str = "sdpa") -> Tensor:
    """Return softmax(q kᵀ / √w) v per head.

    Parameters
    ----------
    q : (B, N, C) float
    k, v : (B, M, C) float
        ``C`` is ``heads`` times the head width ``w``.
    kind : {"sdpa", "xformers", "math"}
        torch's fused kernels, xformers' (CUDA), or the plain formula in matrices.
    """
    batch, n, channels = q.shape
    q, k, v = (x.unflatten(-1, (heads, channels // heads)) for x in (q, k, v))
    if kind == "xformers":
        from xformers.ops import memory_efficient_attention

        mixed: Tensor = memory_efficient_attention(q, k, v)
        return mixed.reshape(batch, n, channels)
    q, k, v = q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2)
    if kind == "math":
        weights = (q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5).softmax(-1)
        return (weights @ v).transpose(1, 2).reshape(batch, n, channels)
    return functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, n, channels)


def choose_attention(kind: str, device: torch.device) -> str:
    """Resolve ``"auto"`` and check that the chosen attention can run on ``device``."""
    if kind not in ATTENTION_KINDS:
        raise BackendError(f"attention={kind!r} is not known; allowed are {', '.join(ATTENTION_KINDS)}")
    if kind == "auto":
        return "sdpa"
    if kind == "xformers":
        if device.type != "cuda":
            raise BackendError(f"attention='xformers' runs on CUDA only, the device is {device}; use attention='sdpa'")
        try:
            import xformers.ops  # noqa: F401
        except ImportError as error:
            raise MissingDependency(
                "attention='xformers' needs the package: pip install xformers; or use attention='sdpa'"
            ) from error
    return kind


def set_attention(net: nn.Module, kind: str) -> None:
    """Choose the attention of every module of ``net``."""
    for module in net.modules():
        if isinstance(module, AttentionSwitch):
            module.kind = kind


class AttentionSwitch(nn.Module):
    """A module whose attention can be chosen by :func:`set_attention`."""

    def __init__(self, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.kind = "sdpa"


class Attention(AttentionSwitch):
    """Multi-head attention with the published names: ``to_q``, ``to_k``, ``to_v`` without bias, ``to_out.0`` with.

    Parameters
    ----------
    dim : int
        Channels in and out.
    heads : int
        Number of heads.
    context_dim : int, optional
        Channels of keys' and values' source; ``dim`` when absent.
    inner_dim : int, optional
        Channels of queries, keys and values; ``dim`` when absent.
    """

    def __init__(self, dim: int, heads: int, context_dim: int | None = None, inner_dim: int | None = None) -> None:
        super().__init__(heads)
        inner = inner_dim or dim
        self.to_q = nn.Linear(dim, inner, bias=False)
        self.to_k = nn.Linear(context_dim or dim, inner, bias=False)
        self.to_v = nn.Linear(context_dim or dim, inner, bias=False)
        self.to_out = nn.ModuleList([nn.Linear(inner, dim)])

    def project(self, context: Tensor) -> tuple[Tensor, Tensor]:
        """Return the keys and values (B, M, inner) of ``context`` (B, M, C)."""
        return self.to_k(context), self.to_v(context)

    def mix(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend and project out."""
        out: Tensor = self.to_out[0](attend(q, k, v, self.heads, self.kind))
        return out

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Attend from ``x`` (B, N, C) to ``context`` (B, M, C), to ``x`` itself when absent."""
        k, v = self.project(x if context is None else context)
        return self.mix(self.to_q(x), k, v)
