"""What an exported voice needs beside its weights: variance, level, directions; and how good it is."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tts.daisy.model import SPEAKERS
from tts.daisy.network import Network, Sizes
from tts.daisy.prosody_encoder import ProsodyEncoder, columns
from tts.daisy.style import axis
from tts.daisy.vocoder import SAMPLE_RATE, synthesise
from tts.level import neutral_gain

from .data import Item, load_item
from .export import widening
from .losses import PROSODY_SPEAKERS
from .prosody_data import HELD_SPEAKERS, reference_set
from .references import Reference, load_references
from .train import SPEAKERS as FOLDERS

__all__ = ["PHONES_FACTS", "VOICE_FACTS", "finish"]

N_ITEMS = 12
FESTIVAL = (
    "teacher: festival's cmu_us_slt_arctic_hts (Carnegie Mellon University, EST licence, BSD-like; HTS parts Nagoya "
    "Institute of Technology, BSD-3-clause); flite's rms (Carnegie Mellon University, CMU flite licence, BSD-like)"
)

VOICE_FACTS: Mapping[str, Any] = {
    "licence": "Apache-2.0",
    "attribution": (
        f"{FESTIVAL}; 31 recordings of LJSpeech (public domain); texts of LJSpeech (public domain) and of XED's "
        "English subtitle lines (Öhman et al. 2020, CC BY 4.0) were read by the teachers; emotions from EmoDB (Burk"
        "hardt et al. 2005, CC0); the prosody encoder heard EmoDB and LibriSpeech (Panayotov et al. 2015, CC BY 4.0)"
    ),
    "source": "https://www.cstr.ed.ac.uk/projects/festival, http://cmuflite.org, https://keithito.com/LJ-Speech-Dataset",
    "made_by": "mien train voice",
    "speakers": {"daisy": "festival slt", "rowan": "flite rms", "iris": "LJSpeech's timbre with daisy's prosody"},
    "emotion": (
        "joy, fear, sadness, disgust, anger: spectrum learnt from EmoDB, durations and melody from the same corpus; "
        "surprise, trust, anticipation: placed by VAD and literature (tts/emotion_cues.py). Axes of u are named ones, "
        "learnt on the teachers' readings moved along them; fear and anger are not opposite, as in people both raise F0"
    ),
}

PHONES_FACTS: Mapping[str, Any] = {
    "licence": "BSD-2-Clause",
    "attribution": (
        "CMU Pronouncing Dictionary 0.4 (Carnegie Mellon University; festival's edition, Centre for Speech Technology "
        "Research, University of Edinburgh) and the later edition of pocketsphinx; accents and pauses fitted to it"
    ),
    "source": "http://www.speech.cs.cmu.edu/cgi-bin/cmudict",
    "made_by": "mien train voice --part letters, --part phrasing, --part export",
}


def finish(
    state: Mapping[str, Any], work: Path, held: Sequence[str]
) -> tuple[dict[str, npt.NDArray[Any]], dict[str, float]]:
    """Return the extra tensors of :func:`tts.train_voice.export.voice_tensors`, and scores on held-out lines."""
    weights = {name: tensor.numpy().astype(np.float16) for name, tensor in state["average"].items()}
    network = Network(weights, Sizes(**json.loads(state["sizes"])))
    stats = state["statistics"]
    n = len(SPEAKERS)
    widen, f0_widen, gain = np.ones((n, 63)), np.ones(n), np.ones(n)
    scores: dict[str, float] = {}
    for speaker in range(n):
        items = _held_items(work, speaker, held)
        if items:
            widen[speaker], f0_widen[speaker] = widening(network, items, stats, speaker)
            gain[speaker] = np.median([_gain(item) for item in items])
            scores |= {f"{SPEAKERS[speaker]}_{k}": v for k, v in _scores(network, items, stats, speaker).items()}
    extra = {"widen": widen, "f0_widen": f0_widen, "gain": gain, "emotions": state["emotions"]}
    return extra, scores | prosody_scores(state, load_references(work))


def prosody_scores(state: Mapping[str, Any], references: Sequence[Reference]) -> dict[str, float]:
    """Measure the prosody encoder on EmoDB's speakers that it never heard.

    Returns
    -------
    dict of str to float
        ``prosody_uar``: mean recall over the seven classes of the emotion head; ``prosody_NAME_r``: correlation of an
        axis of u with the measured value.
    """
    held = [r for r in references if r.speaker in HELD_SPEAKERS]
    if not held:
        return {}
    scores = {}
    found = reference_set(held, state["emotions"], state["timbre"])
    weights = {k: t.numpy() for k, t in state["prosody_average"].items() if not k.startswith("speaker.")}
    encoder = ProsodyEncoder(weights)
    u = np.stack([encoder(columns(r.targets, r.log_f0, r.voiced)) for r in found.items])
    guess = (u @ weights["emotion.weight"].T + weights["emotion.bias"]).argmax(1)
    recalls = [np.mean(guess[found.emotions == k] == k) for k in np.unique(found.emotions)]
    for name in ("f0_level_st", "f0_range_ln", "vowel_ln", "timbre_0"):
        scores[f"prosody_{name}_r"] = float(np.corrcoef(u[:, axis(name)], found.styles[:, axis(name)])[0, 1])
    return scores | {"prosody_uar": float(np.mean(recalls))}


def _held_items(work: Path, speaker: int, held: Sequence[str]) -> list[Item]:
    """Return held-out lines; the speaker with few recordings gives trained ones."""
    folder = work / "feat" / FOLDERS[speaker]
    paths = [folder / f"{line}.npz" for line in held if (folder / f"{line}.npz").exists()]
    paths = paths or sorted(folder.glob("*.npz"))
    return [load_item(path, speaker) for path in paths[:N_ITEMS]]


def _gain(item: Item) -> float:
    f0 = np.where(item.voiced > 0, np.exp(item.log_f0), 0.0)
    return neutral_gain(synthesise(item.targets[:, :60], item.targets[:, 60:], f0), SAMPLE_RATE)


def _scores(network: Network, items: Sequence[Item], stats: Any, speaker: int) -> dict[str, float]:
    """Return correlations of log durations and F0, and the mel-cepstral distance in dB."""
    prosody = PROSODY_SPEAKERS[speaker]
    spans, guesses, f0, f0_guess, distances = [], [], [], [], []
    for item in items:
        encoded = network.encode(item.ids, item.features)
        context = network.context(encoded, item.ends)
        spans.append(np.log(np.maximum(np.diff(item.ends, prepend=0), 1)))
        guesses.append(network.durations(encoded, prosody))
        heard = item.voiced > 0
        f0.append(item.log_f0[heard])
        f0_guess.append(network.pitch(context, prosody)[: len(heard)][heard])
        z = network.decode(context, speaker)[: len(heard), 1:60]
        made = z * stats.target_std[speaker][1:60] + stats.target_mean[speaker][1:60]
        # Parseval: pyworld's coefficients have unit weight in the RMS of ln power over the mel axis.
        difference = (made - item.targets[:, 1:60]) * 10.0 / np.log(10.0)
        distances.append(np.sqrt((difference**2).sum(1)).mean())
    return {
        "log_duration_r": float(np.corrcoef(np.concatenate(spans), np.concatenate(guesses))[0, 1]),
        "f0_r": float(np.corrcoef(np.concatenate(f0), np.concatenate(f0_guess))[0, 1]),
        "spectral_distance_db": float(np.mean(distances)),
    }
