"""The losses of the acoustic model, of the prosody encoder, and of the flow-matching decoder."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from tts.daisy.style import axis

from .model import AcousticModel
from .prosody_model import ProsodyModel
from .styles import UNHEARD

__all__ = ["PROSODY_SPEAKERS", "acoustic_loss", "flow_loss", "prosody_loss"]

PROSODY_SPEAKERS: tuple[int, ...] = (0, 1, 0)  # whose durations and F0 a speaker uses
#: Axes that are the hardest to hear, as the phones are not known.
RATES = [axis("vowel_ln"), axis("consonant_ln")]
#: How hard the encoder is kept from telling speakers apart.
REVERSAL = 0.1
WEIGHTS = {"spectrum": 1.0, "voicing": 0.3, "pitch": 0.3, "duration": 0.3}


def _prosody(b: Mapping[str, Tensor]) -> Tensor:
    return torch.tensor(PROSODY_SPEAKERS + (0,) * 8)[b["speaker"]]


def _context(model: AcousticModel, b: Mapping[str, Tensor], style: Tensor) -> tuple[Tensor, Tensor]:
    encoded = model.encode(b["ids"], b["features"], b["mask"], style)
    width = encoded.shape[-1]
    gathered = [encoded.gather(1, b[name][..., None].expand(-1, -1, width)) for name in ("first", "last")]
    return encoded, torch.cat([*gathered, b["place"]], -1)


def acoustic_loss(
    model: AcousticModel, b: Mapping[str, Tensor], style: Tensor, step_style: Tensor, *, whole: bool = True
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch, and its parts.

    Parameters
    ----------
    model : AcousticModel
    b : mapping of str to Tensor
        From :func:`tts.train_voice.data.collate`.
    style, step_style : (B, N, S), (B, T, S) Tensor
        u of the phones and of the 20 ms steps.
    whole : bool
        Without it only durations and melody learn, at a fifth of the cost.
    """
    prosody = _prosody(b)
    own = (prosody == b["speaker"]).float()
    with torch.set_grad_enabled(whole):
        encoded, context = _context(model, b, style)
    spans = model.durations(encoded, prosody, b["mask"], style).float()
    f0 = model.melody(context, prosody, step_style).float()
    heard = b["voiced"] * b["valid"][..., None] * own[:, None, None]
    mask = b["mask"].squeeze(-1) * own[:, None]
    losses = {
        "pitch": ((f0 - b["f0"]).abs() * heard).sum() / heard.sum().clamp(min=1),
        "duration": ((spans - b["duration"]).abs() * mask).sum() / mask.sum().clamp(min=1),
    }
    if whole:
        losses |= _spectral(model.decode(context, b["speaker"], step_style).float(), b)
    total: Tensor = torch.stack([WEIGHTS[name] * loss for name, loss in losses.items()]).sum()
    return total, {name: float(loss.detach()) for name, loss in losses.items()}


def _spectral(out: Tensor, b: Mapping[str, Tensor]) -> dict[str, Tensor]:
    valid = b["valid"][..., None]
    weight = torch.cat([torch.linspace(1.5, 0.5, 60), torch.full((3,), 0.5)])
    spectrum = ((out[..., :63] - b["targets"]).abs() * weight * valid[..., None]).sum() / (valid.sum() * 4 * 63)
    voicing = functional.binary_cross_entropy_with_logits(out[..., 63], b["voiced"], reduction="none")
    return {"spectrum": spectrum, "voicing": (voicing * valid).sum() / (valid.sum() * 4)}


def prosody_loss(
    model: ProsodyModel, teachers: Mapping[str, Tensor], real: Mapping[str, Tensor]
) -> tuple[Tensor, Tensor, dict[str, float]]:
    """Return u of the teachers' crops (B, S), the loss of the encoder, and its parts.

    The drawn styles of the teachers and the measured ones of real speech are regressed; EmoDB's emotions are told apart
    by a linear head; the speakers, of all corpora, shall not be.
    """
    count = len(teachers["speaker"])
    u = model(torch.cat([teachers["columns"], real["columns"]]))
    known = torch.ones_like(u[:count]) * teachers["constant"].float()[:, None]
    known[:, UNHEARD] *= 0.2  # the teachers have none of these, but neither would all readers
    known[:, RATES] *= 2.0
    weight = torch.cat([known, real["weight"]])
    truth = torch.cat([teachers["style"][:, 0], real["style"]])
    style = (functional.smooth_l1_loss(u, truth, reduction="none") * weight).sum() / weight.sum().clamp(min=1)
    emotion = functional.cross_entropy(model.emotion(u[count:]), real["emotion"], ignore_index=-1)
    speakers = torch.cat([teachers["speaker"], real["speaker"]])
    speaker = functional.cross_entropy(model.speakers(u, REVERSAL), speakers)
    total = style + 0.2 * torch.nan_to_num(emotion) + 0.1 * speaker
    parts = {"style": float(style.detach()), "emotion": float(emotion.detach()), "speaker": float(speaker.detach())}
    return u[:count], total, parts


def flow_loss(model: AcousticModel, b: Mapping[str, Tensor], style: Tensor, step_style: Tensor) -> Tensor:
    """Return the conditional flow-matching loss (Y. Lipman et al., ICLR 2023, eq. 23, straight paths).

    ``x_t = (1 - t) x + t noise`` and the velocity is ``noise - x``, as diffusers' FlowMatchEulerDiscreteScheduler has
    it; voicing is the last of a frame's 64 values, 1 or -1.
    """
    with torch.no_grad():
        _, context = _context(model, b, style)
    clean = torch.cat([b["targets"], 2.0 * b["voiced"][..., None] - 1.0], dim=-1).flatten(2)
    noise = torch.randn_like(clean)
    time = torch.rand(len(clean))
    noisy = clean + time[:, None, None] * (noise - clean)
    guess = model.velocity(noisy, time, context, b["speaker"], step_style).float()
    valid = b["valid"][..., None]
    loss: Tensor = (((guess - (noise - clean)) ** 2) * valid).sum() / (valid.sum() * clean.shape[-1])
    return loss
