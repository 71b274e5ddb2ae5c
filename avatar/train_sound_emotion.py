"""Train the classifier of emotions in a voice on EmoDB (CC0), speakers held out by turns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

import checkpoints
from avatar.recording import read_recording, resample
from avatar.sound_emotion import CHECKPOINT, CLASSES, SAMPLE_RATE, VERSION, window_features
from conditioning import InputError

__all__ = ["fit", "train_sound_emotion"]

Array = npt.NDArray[np.float64]

#: Price of large weights: picked by the held-out accuracy.
PENALTY = 0.05


def train_sound_emotion(data: Path, output: Path | None = None) -> dict[str, float]:
    """Train and enter the checkpoint.

    Parameters
    ----------
    data : Path
        Folder with ``emodb/flac/SSXXXEv.flac`` (speaker, text, emotion, version).
    output : Path, optional
        Folder of the checkpoint and its manifest; the package's own by default.

    Returns
    -------
    dict of str to float
        ``accuracy`` and ``unweighted_recall`` over held-out speakers.
    """
    from safetensors.numpy import save_file

    features, labels, speakers = _read(data / "emodb" / "flac")
    figures = held_out(features, labels, speakers)
    weights = fit(features, labels)
    folder = output or Path(checkpoints.__file__).parent
    path = folder / f"{CHECKPOINT}.safetensors"
    save_file({name: value.astype(np.float32) for name, value in weights.items()}, path)
    checkpoints.register(
        CHECKPOINT, path, version=VERSION, licence="Apache-2.0",
        attribution="Trained on the Berlin Database of Emotional Speech (F. Burkhardt et al., Interspeech 2005), CC0",
        source="http://emodb.bilderbar.info", made_by="mien train sound-emotion DATA", metrics=figures, seed=0,
    )  # fmt: skip
    return figures


def _read(folder: Path) -> tuple[Array, npt.NDArray[np.intp], npt.NDArray[np.str_]]:
    rows, labels, speakers = [], [], []
    for path in sorted(folder.glob("*.flac")):
        recording = read_recording(path)
        found = window_features(resample(recording.waveform, recording.sample_rate, SAMPLE_RATE))
        if found is not None and path.stem[5] in CLASSES:
            rows.append(found)
            labels.append(list(CLASSES).index(path.stem[5]))
            speakers.append(path.stem[:2])
    if len(set(labels)) < len(CLASSES):
        raise InputError(f"{folder} lacks recordings of some emotions; it should hold EmoDB's SSXXXEv.flac files")
    return np.array(rows), np.array(labels), np.array(speakers)


def held_out(features: Array, labels: npt.NDArray[np.intp], speakers: npt.NDArray[np.str_]) -> dict[str, float]:
    """Return how often an unseen speaker's emotion is named right."""
    named = np.empty_like(labels)
    for speaker in sorted(set(speakers)):
        test = speakers == speaker
        model = fit(features[~test], labels[~test])
        scaled = (features[test] - model["mean"]) / model["scale"]
        named[test] = (scaled @ model["weight"].T + model["bias"]).argmax(axis=1)
    recalls = [float((named[labels == label] == label).mean()) for label in sorted(set(labels.tolist()))]
    accuracy = float((named == labels).mean())
    return {"accuracy": round(accuracy, 4), "unweighted_recall": round(float(np.mean(recalls)), 4)}


def fit(features: Array, labels: npt.NDArray[np.intp], penalty: float = PENALTY) -> dict[str, Array]:
    """Return a multinomial logistic regression: ``mean``, ``scale``, ``weight`` (K, F), ``bias`` (K,)."""
    from scipy.optimize import minimize

    mean, scale = features.mean(axis=0), np.maximum(features.std(axis=0), 1e-6)
    inputs = (features - mean) / scale
    classes, size = len(CLASSES), inputs.shape[1]
    targets = np.eye(classes)[labels]
    share = 1.0 / (targets.sum(axis=0)[labels] * classes)

    def loss(flat: Array) -> tuple[float, Array]:
        table = flat.reshape(classes, size + 1)
        scores = inputs @ table[:, :-1].T + table[:, -1]
        scores -= scores.max(axis=1, keepdims=True)
        chances = np.exp(scores)
        chances /= chances.sum(axis=1, keepdims=True)
        error = (chances - targets) * share[:, None]
        slope = np.concatenate([error.T @ inputs + penalty * table[:, :-1], error.sum(axis=0)[:, None]], axis=1)
        value = -(share * np.log(np.maximum((chances * targets).sum(axis=1), 1e-12))).sum()
        return float(value + 0.5 * penalty * np.square(table[:, :-1]).sum()), slope.ravel()

    found = minimize(loss, np.zeros(classes * (size + 1)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    table = found.x.reshape(classes, size + 1)
    return {"mean": mean, "scale": scale, "weight": table[:, :-1], "bias": table[:, -1]}
