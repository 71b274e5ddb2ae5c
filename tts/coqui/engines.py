"""Three kinds of models, one face: text and eight weights → sound.

How an emotion enters: XTTS mixes the GPT latents of emotional references, the speaker held fixed; Tacotron-GST
mixes the weights of its style tokens; VITS has no place for it, so its neutral speech is re-shaped afterwards.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from conditioning import EMOTION_NAMES, BackendError, InputError
from conditioning.registry import nearest
from tts.coqui.library import ModelFolder, load_model

__all__ = ["Engine", "GstEngine", "Sound", "VitsEngine", "XttsEngine", "open_engine"]

Array = npt.NDArray[np.float64]
Wave = npt.NDArray[np.float32]

#: XTTS refuses 402 tokens and more; its tokenizer needs fewer than one for each character.
MAX_CHARACTERS = 240
STREAM_CHUNK_SIZE, OVERLAP_WAV_LEN = 20, 1024
REFERENCE_SUFFIXES = (".safetensors", ".wav", ".flac", ".ogg", ".mp3")


@dataclass(frozen=True, eq=False)
class Sound:
    """What a model made of a text.

    Attributes
    ----------
    waveform : (n,) float32
    tokens : tuple of (str, int)
        Characters with their lengths in frames, where the model knows them; ``""`` is a blank.
    phonetic : bool
        Whether the characters are IPA.
    """

    waveform: Wave
    tokens: tuple[tuple[str, int], ...] = ()
    phonetic: bool = False


class Engine(Protocol):
    """A loaded model."""

    sample_rate: int
    #: Whether the weights change its sound; otherwise its neutral speech is re-shaped.
    emotional: bool
    languages: tuple[str, ...]

    def say(self, text: str, weights: Array, *, language: str, seed: int) -> Sound:
        """Return the sound of a text of at most :data:`MAX_CHARACTERS` characters."""
        ...


def open_engine(folder: ModelFolder, *, speaker: str | None, references: Path | None, device: str) -> Engine:
    """Load the model of a folder."""
    if folder.kind == "xtts":
        return XttsEngine(folder, references or folder.path / "references", device)
    if folder.kind == "vits":
        return VitsEngine(folder, speaker, device)
    return GstEngine(folder, device)


class _Draws:
    """Random numbers of one request: torch draws them here, and the caller's own state stays as it was."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._state: tuple[Any, Any] | None = None

    @contextlib.contextmanager
    def drawing(self) -> Iterator[None]:
        """Go on with the numbers where the last time ended."""
        import torch

        with torch.random.fork_rng():
            if self._state is None:
                torch.manual_seed(self._seed)
            else:
                torch.set_rng_state(self._state[0])
                torch.cuda.set_rng_state_all(self._state[1])
            yield
            self._state = (torch.get_rng_state(), torch.cuda.get_rng_state_all())


class XttsEngine:
    """XTTS v2: ``neutral`` and one reference for each emotion, as sound or as stored latents.

    The references lie in one folder: ``neutral.wav``, ``joy.wav``, ``anger.wav`` …, all of the same speaker, or the
    same names with ``.safetensors`` holding ``gpt_cond_latent`` (1, T, C) and, for neutral, ``speaker_embedding``.
    """

    emotional = True

    def __init__(self, folder: ModelFolder, references: Path, device: str) -> None:
        found = _references(references)
        self._model = load_model(
            folder, ("TTS.tts.configs.xtts_config", "XttsConfig"), ("TTS.tts.models.xtts", "Xtts"), device
        )
        # Not config.audio.sample_rate, which says 22,050 while 24 kHz come out.
        self.sample_rate = int(self._model.args.output_sample_rate)
        self.languages: tuple[str, ...] = tuple(self._model.config.languages)
        neutral, self._speaker = self._latents(found["neutral"])
        if self._speaker is None:
            raise BackendError(f"{found['neutral']} holds no speaker_embedding; the speaker is taken from neutral")
        self._neutral = neutral
        self.directions = {name: self._latents(path)[0] - neutral for name, path in found.items() if name != "neutral"}

    def _latents(self, path: Path) -> tuple[Any, Any]:
        """Return gpt_cond_latent and speaker_embedding (None if it is not stored) of a reference."""
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            stored = load_file(str(path))
            return stored["gpt_cond_latent"], stored.get("speaker_embedding")
        latent, speaker = self._model.get_conditioning_latents(audio_path=[str(path)])
        return latent.cpu(), speaker.cpu()

    def conditioning(self, weights: Array) -> Any:
        """Return the (1, T, C) latents of an emotion: neutral + Σ wᵢ (referenceᵢ − neutral), linear in the weights."""
        mixed = self._neutral
        for name, weight in zip(EMOTION_NAMES, weights.tolist(), strict=True):
            if weight > 0.0 and name in self.directions:
                mixed = mixed + weight * self.directions[name]
        return mixed

    def say(self, text: str, weights: Array, *, language: str, seed: int) -> Sound:
        """Return the sound of a text; see :class:`Engine`."""
        parts = list(self.stream(text, weights, language=language, seed=seed))
        return Sound(np.concatenate(parts))

    def stream(self, text: str, weights: Array, *, language: str, seed: int) -> Iterator[Wave]:
        """Yield the sound of a text as it is made."""
        draws = _Draws(seed)
        generator = self._model.inference_stream(
            text, language, self.conditioning(weights), self._speaker,
            stream_chunk_size=STREAM_CHUNK_SIZE, overlap_wav_len=OVERLAP_WAV_LEN,
        )  # fmt: skip
        while True:
            with draws.drawing():
                chunk = next(generator, None)
            if chunk is None:
                return
            yield _as_wave(chunk)


def _as_wave(chunk: Any) -> Wave:
    wave: Wave = chunk.detach().cpu().float().reshape(-1).clamp(-1.0, 1.0).numpy()
    return wave


def _references(folder: Path) -> dict[str, Path]:
    """Return emotion → reference; neutral is needed."""
    found: dict[str, Path] = {}
    for name in ("neutral", *EMOTION_NAMES):
        paths = [folder / f"{name}{suffix}" for suffix in REFERENCE_SUFFIXES]
        present = [path for path in paths if path.is_file()]
        if present:
            found[name] = present[0]
    if "neutral" not in found:
        raise BackendError(
            f"{folder} holds no neutral reference; put neutral.wav there, and joy.wav, anger.wav … of the same speaker"
        )
    return found


class VitsEngine:
    """VITS: one network from characters to sound, with the length of each character."""

    emotional = False

    def __init__(self, folder: ModelFolder, speaker: str | None, device: str) -> None:
        self._model = load_model(
            folder, ("TTS.tts.configs.vits_config", "VitsConfig"), ("TTS.tts.models.vits", "Vits"), device
        )
        self.sample_rate = int(self._model.config.audio.sample_rate)
        self.languages: tuple[str, ...] = (str(self._model.config.phoneme_language or "en"),)
        self._phonetic = bool(self._model.config.use_phonemes)
        self._number = self._speaker(speaker)
        self._device = device

    def _speaker(self, name: str | None) -> int | None:
        manager = self._model.speaker_manager
        names: list[str] = [] if manager is None else list(manager.name_to_id)
        if name is None:
            return 0 if names else None
        if name not in names:
            others = f"{', '.join(names) or 'one without a name'}{nearest(name, names)}"
            raise BackendError(f"this model has no speaker {name!r}; it has {others}")
        return int(manager.name_to_id[name])

    def say(self, text: str, weights: Array, *, language: str, seed: int) -> Sound:
        """Return the neutral sound of a text with its tokens; see :class:`Engine`."""
        import torch

        tokenizer = self._model.tokenizer
        ids = tokenizer.text_to_ids(text)
        if not ids:
            raise InputError(f"{text[:60]!r} has no character that this model knows")
        number = None if self._number is None else torch.tensor([self._number], device=self._device)
        inputs = {"x_lengths": None, "speaker_ids": number, "d_vectors": None, "language_ids": None, "durations": None}
        with _Draws(seed).drawing(), torch.inference_mode():
            made = self._model.inference(torch.tensor([ids], device=self._device), inputs)
        frames = made["durations"].reshape(-1).round().int().tolist()
        blank = tokenizer.blank_id
        names = ["" if token == blank else str(tokenizer.characters.id_to_char(token)) for token in ids]
        return Sound(_as_wave(made["model_outputs"]), tuple(zip(names, frames, strict=True)), self._phonetic)


class GstEngine:
    """Tacotron with global style tokens: ``styles.json`` says which tokens an emotion is.

    ``styles.json`` lies beside the weights: emotion → {token: weight}, such as
    ``{"joy": {"3": 0.3}, "anger": {"0": 0.4, "7": -0.1}}``; weights add up over emotions. The sound comes from
    Griffin-Lim.
    """

    emotional = True

    def __init__(self, folder: ModelFolder, device: str) -> None:
        name = json.loads((folder.path / "config.json").read_text(encoding="utf-8"))["model"]
        kind = {"tacotron2": "Tacotron2", "tacotron": "Tacotron"}[name]
        self._model = load_model(
            folder, (f"TTS.tts.configs.{name}_config", f"{kind}Config"), (f"TTS.tts.models.{name}", kind), device
        )
        config = self._model.config
        if not config.use_gst:
            raise BackendError(
                f"{folder.path} is a Tacotron without style tokens (use_gst is false); it has no emotion"
            )
        self._audio = self._model.ap
        self.sample_rate = int(config.audio.sample_rate)
        self.languages: tuple[str, ...] = (str(config.phoneme_language or "en"),)
        self._device = device
        self.styles = _styles(folder.path / "styles.json", int(config.gst.gst_num_style_tokens))

    def tokens_of(self, weights: Array) -> dict[str, float]:
        """Return token → weight of an emotion, linear in its weights."""
        found: dict[str, float] = {}
        for name, weight in zip(EMOTION_NAMES, weights.tolist(), strict=True):
            for token, share in self.styles.get(name, {}).items():
                found[token] = found.get(token, 0.0) + weight * share
        return {token: value for token, value in found.items() if value}

    def say(self, text: str, weights: Array, *, language: str, seed: int) -> Sound:
        """Return the sound of a text; see :class:`Engine`."""
        import torch

        ids = self._model.tokenizer.text_to_ids(text)
        if not ids:
            raise InputError(f"{text[:60]!r} has no character that this model knows")
        tokens = self.tokens_of(weights) or None
        inputs = {"x_lengths": None, "style_mel": tokens, "d_vectors": None, "speaker_ids": None}
        with _Draws(seed).drawing(), torch.inference_mode():
            made = self._model.inference(torch.tensor([ids], device=self._device), inputs)
        spectrum = made["model_outputs"][0].cpu().numpy().T
        linear = self._model.config.model == "tacotron"
        wave = self._audio.inv_spectrogram(spectrum) if linear else self._audio.inv_melspectrogram(spectrum)
        return Sound(np.clip(np.asarray(wave, np.float32), -1.0, 1.0))


def _styles(path: Path, n_tokens: int) -> Mapping[str, dict[str, float]]:
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        styles = {str(name): {str(int(k)): float(v) for k, v in tokens.items()} for name, tokens in rows.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise BackendError(f'{path} must hold the tokens of emotions, {{"joy": {{"3": 0.3}}}}: {error}') from error
    for name, tokens in styles.items():
        if name not in EMOTION_NAMES:
            others = f"{', '.join(EMOTION_NAMES)}{nearest(name, list(EMOTION_NAMES))}"
            raise BackendError(f"{path}: {name!r} is not one of {others}")
        for token, value in tokens.items():
            if not 0 <= int(token) < n_tokens or not np.isfinite(value):
                allowed = f"tokens run from 0 to {n_tokens - 1}"
                raise BackendError(f"{path}: {name}: token {token} with weight {value} is not allowed; {allowed}")
    return styles
