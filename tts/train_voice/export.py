"""Trained parts → the two checkpoints ``daisy`` and ``english_phones``."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from checkpoints.store import register
from tts.daisy.model import CHECKPOINT, N_SPECTRUM, SPEAKERS, VARIANCE_SHARE, VERSION
from tts.daisy.network import Network, Sizes
from tts.g2p import CHECKPOINT as PHONES_CHECKPOINT
from tts.g2p import VERSION as PHONES_VERSION
from tts.g2p import pack_phones
from tts.g2p_model import LetterToSound

from .data import Item
from .lexicon import Pronunciation, read_festival, read_sphinx
from .losses import PROSODY_SPEAKERS

Array = npt.NDArray[np.float64]

MAX_WIDEN = 1.5
#: Heads of the prosody encoder that do not ship.
TRAINING_ONLY = ("speaker.",)


def widening(network: Network, items: Sequence[Item], statistics: Any, speaker: int) -> tuple[Array, float]:
    """Return the factors that bring the network's variance part of the way back to the recordings'."""
    made, real, made_f0, real_f0 = [], [], [], []
    prosody = PROSODY_SPEAKERS[speaker]
    for item in items:
        encoded = network.encode(item.ids, item.features)
        context = network.context(encoded, item.ends)
        z = network.decode(context, speaker)[: len(item.targets), :N_SPECTRUM]
        truth = (item.targets - statistics.target_mean[speaker]) / statistics.target_std[speaker]
        made.append(z.var(0))
        real.append(truth.var(0))
        f0 = network.pitch(context, prosody)[: len(item.targets)][item.voiced > 0]
        made_f0.append(f0.var())
        real_f0.append(
            ((item.log_f0[item.voiced > 0] - statistics.f0_mean[speaker]) / statistics.f0_std[speaker]).var()
        )
    factor = np.sqrt(np.mean(real, 0) / np.maximum(np.mean(made, 0), 1e-6))
    widen = np.clip(1.0 + VARIANCE_SHARE * (factor - 1.0), 1.0, MAX_WIDEN)
    widen[0] = 1.0
    widen[60:] = 1.0
    ratio = float(np.sqrt(np.mean(real_f0) / np.mean(made_f0)))
    return widen, float(np.clip(ratio, 1.0, MAX_WIDEN))


def voice_tensors(
    state: Mapping[str, Any],
    extra: Mapping[str, npt.NDArray[Any]],
    flow: Mapping[str, Any] | None = None,
    *,
    decoder: str = "l1",
    flow_steps: int = 6,
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, str]]:
    """Return the tensors and the metadata of the voice's checkpoint.

    Parameters
    ----------
    state : mapping
        What :func:`tts.train_voice.train.train` saved.
    extra : mapping of str to ndarray
        ``widen`` (S, 63), ``f0_widen`` (S,), ``gain`` (S,), ``emotions`` (8, N_STYLE).
    flow : mapping, optional
        What :func:`tts.train_voice.train_flow.train_flow` saved.
    decoder : str
        Which one speaks: ``"l1"`` or ``"flow"``.
    flow_steps : int
    """
    s, n = state["statistics"], len(SPEAKERS)
    weights = {f"network.{name}": tensor for name, tensor in state["average"].items()}
    weights |= {f"prosody.{k}": t for k, t in state["prosody_average"].items() if not k.startswith(TRAINING_ONLY)}
    weights |= {f"network.{name}": tensor for name, tensor in (flow or {"average": {}})["average"].items()}
    tensors: dict[str, npt.NDArray[Any]] = {k: t.detach().numpy().astype(np.float16) for k, t in weights.items()}
    tensors |= {
        "statistics.mean": s.target_mean[:n],
        "statistics.std": s.target_std[:n],
        "statistics.widen": extra["widen"],
        "statistics.f0_mean": s.f0_mean[:n],
        "statistics.f0_std": s.f0_std[:n],
        "statistics.f0_widen": extra["f0_widen"],
        "statistics.duration_mean": s.duration_mean[:n],
        "statistics.duration_std": s.duration_std[:n],
        "statistics.gain": extra["gain"],
        "style.emotions": extra["emotions"],
        "prosody_speakers": np.array(PROSODY_SPEAKERS)[:n],
    }
    stored = {k: np.ascontiguousarray(t if t.dtype == np.float16 else t.astype(np.float32)) for k, t in tensors.items()}
    sizes = state["sizes"] if flow is None else flow["sizes"]
    metadata = {"sizes": sizes, "speakers": json.dumps(SPEAKERS), "decoder": decoder, "flow_steps": str(flow_steps)}
    return stored, metadata


def export_voice(
    tensors: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str], path: Path, **facts: Any
) -> None:
    """Write and register the voice; the arguments are those that :func:`voice_tensors` returns."""
    from safetensors.numpy import save_file

    save_file(dict(tensors), str(path), metadata=dict(metadata))
    register(CHECKPOINT, path, version=VERSION, **facts)


def dictionary_text(letters: LetterToSound) -> str:
    """Return all entries, ``word<TAB>packed phones`` a line, stress of later words by the network."""
    known = read_festival()
    rows: dict[str, str] = {}
    for word, entries in known.items():
        for pos, phones in entries.items():
            rows[f"{word}/{pos}" if pos else word] = pack_phones(phones)
        if "" not in entries:
            rows[word] = pack_phones(next(iter(entries.values())))
    for word, phones in read_sphinx().items():
        if word not in rows:
            rows[word] = pack_phones(add_stress(phones, letters(word)))
    return "\n".join(f"{word}\t{rows[word]}" for word in sorted(rows))


def add_stress(phones: Pronunciation, guess: Pronunciation) -> Pronunciation:
    """Carry the stresses of a guess over to the vowels of a pronunciation that has none."""
    from conditioning.phones import stress_of, strip_stress
    from tts.syllables import is_vowel

    vowels = [i for i, phone in enumerate(phones) if is_vowel(phone)]
    marks = [stress_of(phone) for phone in guess if is_vowel(phone)]
    if len(marks) != len(vowels) or 1 not in marks:
        marks = [int(k == 0) for k in range(len(vowels))]
    found = [strip_stress(phone) for phone in phones]
    for i, mark in zip(vowels, marks, strict=True):
        full = {"ə": "ʌ", "ɚ": "ɝ"} if mark else {"ʌ": "ə", "ɝ": "ɚ"}
        found[i] = ("", "ˈ", "ˌ")[mark] + full.get(found[i], found[i])
    return tuple(found)


def export_phones(letters: Path, phrasing: Mapping[str, Any], path: Path, **facts: Any) -> None:
    """Write and register dictionary, letter network and phrasing."""
    from safetensors.numpy import save_file

    state = torch.load(letters, weights_only=True)
    weights = {name: tensor.numpy() for name, tensor in state["model"].items()}
    speaker = LetterToSound(weights, state["chunks"])
    packed = zlib.compress(dictionary_text(speaker).encode("utf-8"), 9)
    table = "\n".join(f"{word}\t{odds}" for word, odds in sorted(phrasing["table"].items()))
    tensors: dict[str, npt.NDArray[Any]] = {
        "dictionary": np.frombuffer(packed, np.uint8),
        "chunks": np.frombuffer("\n".join(state["chunks"]).encode("utf-8"), np.uint8),
        "accent_table": np.frombuffer(table.encode("utf-8"), np.uint8),
        "accent_weights": np.array(phrasing["accent"], np.float32),
        "break_weights": np.array(phrasing["break"], np.float32),
        **{f"g2p.{name}": tensor.astype(np.float16) for name, tensor in weights.items()},
    }
    save_file({name: np.ascontiguousarray(t) for name, t in tensors.items()}, str(path))
    register(PHONES_CHECKPOINT, path, version=PHONES_VERSION, **facts)


assert Sizes().speakers >= len(SPEAKERS)
