"""The ``coqui`` voice: XTTS v2, VITS or Tacotron-GST from a local folder, with the times that a face needs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from conditioning import NEUTRAL, Emotion, EmotionTrack, InputError, Line, Speech, tile
from conditioning.progress import watched
from conditioning.sentences import sentences
from tts.coqui.engines import MAX_CHARACTERS, Engine, Sound, open_engine
from tts.coqui.library import open_folder
from tts.coqui.times import Times, times_of
from tts.level import energy_db, neutral_gain
from tts.reshape import PlacedDelivery, reshape
from tts.voice import VoiceInfo

__all__ = ["CoquiVoice"]

Wave = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Piece:
    """A sentence as it was said."""

    span: int
    sound: Sound
    times: Times | None


class CoquiVoice:
    """Models of coqui-tts with the emotions of this project.

    Parameters
    ----------
    model : Path or str
        Folder with config.json and model.pth: XTTS v2, VITS, or Tacotron (2) with style tokens.
    speaker : str or None
        Of a VITS model with several.
    references : Path or str, optional
        XTTS: folder of emotional references; default ``references`` inside the model's folder. See
        :class:`tts.coqui.engines.XttsEngine`.
    device : str
        ``"auto"`` takes CUDA where it is.

    Raises
    ------
    BackendError
        If the folder holds no such model.
    MissingDependency
        If coqui-tts is not installed, or does not fit the installed torch.
    """

    info: ClassVar[VoiceInfo] = VoiceInfo(
        name="coqui",
        summary="XTTS v2, VITS or Tacotron-GST of coqui-tts from a folder of yours",
        sample_rate=24_000,
        languages=("en-us",),
        licence="MPL-2.0 (coqui-tts); the weights have licences of their own, XTTS v2's is not commercial",
        streaming=True,
        requires={"TTS": "pip install 'mien[coqui]'"},
    )

    def __init__(
        self,
        *,
        model: Path | str | None = None,
        speaker: str | None = None,
        references: Path | str | None = None,
        device: str = "auto",
    ) -> None:
        folder = open_folder(model)
        if device == "auto":
            import torch

            device = "cuda" if torch.cuda.is_available() else "cpu"
        self._engine: Engine = open_engine(
            folder, speaker=speaker, references=None if references is None else Path(references), device=device
        )

    @property
    def sample_rate(self) -> int:
        """Hertz of this model's sound."""
        return self._engine.sample_rate

    def speak(self, line: Line, *, seed: int = 0) -> Speech:
        """Return the sound of ``line``; see :class:`tts.voice.Voice`.

        Phone times come from VITS's own durations, else by forced alignment; in other languages than English they
        are unknown, and the face follows the sound.
        """
        language = self._language(line)
        pieces = []
        for number, (span, text) in enumerate(watched(list(_texts(line)))):
            emotion = line.spans[span].emotion or NEUTRAL
            sound = self._engine.say(text, emotion.weights, language=language, seed=seed + number)
            pieces.append(_Piece(span, sound, times_of(text, sound, self.sample_rate, language)))
        if any(piece.times is None for piece in pieces):
            return _without_times(line, pieces, self.sample_rate)
        return _with_times(line, pieces, self.sample_rate, self._engine.emotional, seed)

    def stream(self, line: Line, *, seed: int = 0) -> Iterator[Wave]:
        """Yield the sound as the model makes it (XTTS) or sentence by sentence; deliveries are left out."""
        language = self._language(line)
        for number, (span, text) in enumerate(_texts(line)):
            weights = (line.spans[span].emotion or NEUTRAL).weights
            chunks = getattr(self._engine, "stream", None)
            if chunks is not None:
                yield from chunks(text, weights, language=language, seed=seed + number)
            else:
                yield self._engine.say(text, weights, language=language, seed=seed + number).waveform

    def _language(self, line: Line) -> str:
        base = line.language.lower().split("-")[0]
        found = next((tag for tag in self._engine.languages if tag.lower().split("-")[0] == base), None)
        if found is None:
            known = ", ".join(self._engine.languages)
            raise InputError(f"language {line.language!r} cannot be spoken by this model; it speaks {known}")
        return found


def _texts(line: Line) -> Iterator[tuple[int, str]]:
    """Yield (span, text) of pieces that a model can take at once."""
    for index, span in enumerate(line.spans):
        for sentence in sentences(span.text):
            words: list[str] = []
            for word in sentence.split():
                if words and len(" ".join([*words, word])) > MAX_CHARACTERS:
                    yield index, " ".join(words)
                    words = []
                words.append(word[:MAX_CHARACTERS])
            if any(character.isalnum() for character in " ".join(words)):
                yield index, " ".join(words)


def _without_times(line: Line, pieces: list[_Piece], sample_rate: int) -> Speech:
    parts, spans, at_s = [], [], 0.0
    for index, piece in enumerate(pieces):
        last = index + 1 == len(pieces) or pieces[index + 1].span != piece.span
        rest = round(line.spans[piece.span].pause_after_s * sample_rate) if last else 0
        parts += [piece.sound.waveform, np.zeros(rest, np.float32)]
        end_s = at_s + len(piece.sound.waveform) / sample_rate
        spans.append((at_s, end_s, line.spans[piece.span].emotion or NEUTRAL))
        at_s = end_s + rest / sample_rate
    wave = np.concatenate(parts)
    wave = np.clip(wave * neutral_gain(wave, sample_rate), -1.0, 1.0).astype(np.float32)
    track = EmotionTrack.from_spans(spans)
    return Speech(wave, sample_rate, emotion=track, energy_db=energy_db(wave, sample_rate), text=line.text)


def _with_times(line: Line, pieces: list[_Piece], sample_rate: int, emotional: bool, seed: int) -> Speech:
    """Join the pieces; deliveries, pauses and, where the model has none, emotions are put on by re-shaping."""
    phones, words, owners, placed, pauses, felt = [], [], [], [], [], []
    at = 0
    for index, piece in enumerate(pieces):
        times, span = piece.times, line.spans[piece.span]
        assert times is not None
        phones += [(symbol, at + end) for symbol, end in times.phones]
        words += [(symbol, at + end) for symbol, end in times.words]
        owners += [piece.span for symbol, _ in times.words if symbol]
        start_s, end_s = at / sample_rate, (at + len(piece.sound.waveform)) / sample_rate
        at += len(piece.sound.waveform)
        placed.append(PlacedDelivery(start_s, end_s, span.delivery))
        felt.append((start_s, end_s, NEUTRAL if emotional else span.emotion or NEUTRAL))
        if span.pause_after_s and (index + 1 == len(pieces) or pieces[index + 1].span != piece.span):
            pauses.append((end_s, span.pause_after_s))
    joined = Speech(
        np.concatenate([piece.sound.waveform for piece in pieces]), sample_rate,
        tile([s for s, _ in phones], [0, *(end for _, end in phones)], sample_rate),
        tile([s for s, _ in words], [0, *(end for _, end in words)], sample_rate),
        EmotionTrack.from_spans(felt), text=line.text,
    )  # fmt: skip
    shaped = reshape(joined, deliveries=placed, pauses=pauses, seed=seed)
    return replace(shaped, emotion=_track(line, shaped, owners))


def _track(line: Line, speech: Speech, owners: list[int]) -> EmotionTrack:
    """Return each span's emotion from its first word to its last."""
    found: dict[int, tuple[float, float]] = {}
    spoken = (word for word in speech.words if word.symbol)
    for word, span in zip(spoken, owners, strict=True):
        found[span] = (found.get(span, (word.start_s, 0.0))[0], word.end_s)
    emotions: list[tuple[float, float, Emotion]] = [
        (*found[span], line.spans[span].emotion or NEUTRAL) for span in sorted(found)
    ]
    return EmotionTrack.from_spans(emotions)
