"""The ``daisy`` voice: a small acoustic model and WORLD; emotions are directions in the prosody embedding u."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from conditioning import NEUTRAL, BackendError, EmotionTrack, InputError, Line, Segment, Speech, tile
from conditioning.phones import SILENCE
from conditioning.progress import watched
from conditioning.registry import nearest
from tts.daisy.frontend import sentences
from tts.daisy.model import DECODERS, SPEAKERS, VoiceModel, load_model
from tts.daisy.plan import Manner, PlannedSentence, plan_sentence, word_borders
from tts.daisy.prosody_encoder import style_of
from tts.daisy.render import FRAME_S, Rendered, render
from tts.daisy.vocoder import HOP_LENGTH, SAMPLE_RATE
from tts.level import energy_db
from tts.voice import VoiceInfo

__all__ = ["DaisyVoice"]

MAX_STYLE = 2.0


class DaisyVoice:
    """Emotion mixed, scaled and opposed in an embedding that is linear in the eight weights.

    Parameters
    ----------
    speaker : str or None
        One of ``info.speakers``; ``None`` takes the line's speaker if it is one of them, else the first.
    style_guidance : float
        Factor on everything that an emotion changes, in [0, 2]: 0 is the plain voice.
    like : tuple of (array_like, int), optional
        Waveform (mono, in [-1, 1]) and sample rate of a recording whose prosody is taken, instead of the emotion's.
    decoder : str, optional
        ``"l1"`` or ``"flow"``, where the checkpoint has both; ``None`` takes the one that it says.

    Raises
    ------
    BackendError
        If there is no such speaker or decoder, the guidance is out of range, or the checkpoint knows no recordings.
    InputError
        If no voice is heard in the recording.
    """

    info: ClassVar[VoiceInfo] = VoiceInfo(
        name="daisy",
        summary="trained here, 24 kHz, English; emotion as directions in duration, melody and timbre",
        sample_rate=SAMPLE_RATE,
        languages=("en-us",),
        licence="Apache-2.0; weights as in checkpoints/manifest.json",
        speakers=SPEAKERS,
        streaming=True,
        options=("style_guidance", "like", "decoder"),
        requires={"pyworld": "pip install pyworld 'setuptools<81'"},
    )

    def __init__(
        self,
        *,
        speaker: str | None = None,
        style_guidance: float = 1.0,
        like: tuple[npt.ArrayLike, int] | None = None,
        decoder: str | None = None,
        model: VoiceModel | None = None,
    ) -> None:
        if speaker is not None and speaker not in SPEAKERS:
            raise BackendError(
                f"voice 'daisy' has no speaker {speaker!r}; it has {', '.join(SPEAKERS)}"
                f"{nearest(speaker, list(SPEAKERS))}"
            )
        if not 0.0 <= style_guidance <= MAX_STYLE:
            raise BackendError(f"style_guidance={style_guidance} is not allowed; it runs from 0 to {MAX_STYLE:g}")
        self.speaker = speaker
        self.style_guidance = style_guidance
        self._model = _with_decoder(model or load_model(), decoder)
        self._manner = Manner(style_guidance, None if like is None else _reference(self._model, like))

    def speak(self, line: Line, *, seed: int = 0) -> Speech:
        """Return the sound of ``line``; see :class:`tts.voice.Voice`."""
        plans, track = self._plan(line)
        parts = list(self._render(line, plans, track, seed))
        waveform = np.concatenate([sound for sound, _ in parts])
        f0_hz = np.concatenate([f0 for _, f0 in parts])
        levels = energy_db(waveform, SAMPLE_RATE)
        f0 = np.zeros(len(levels), np.float32)
        f0[: len(f0_hz)] = f0_hz[: len(levels)]
        phones, words = _segments(plans)
        return Speech(waveform, SAMPLE_RATE, phones, words, track, f0, levels, line.text)

    def stream(self, line: Line, *, seed: int = 0) -> Iterator[npt.NDArray[np.float32]]:
        """Yield the waveform of ``line`` sentence by sentence; together the same samples as :meth:`speak`."""
        plans, track = self._plan(line)
        for sound, _ in self._render(line, plans, track, seed):
            yield sound

    def _plan(self, line: Line) -> tuple[list[PlannedSentence], EmotionTrack]:
        if line.language.lower().split("-")[0] != "en":
            raise InputError(f"language {line.language!r} cannot be spoken by 'daisy'; it speaks en-us: use 'formant'")
        parts = sentences(line)
        if not parts:
            raise InputError(f"nothing to say in {line.text[:60]!r}; give words in Latin letters")
        number = self._number(line)
        plans = [plan_sentence(self._model, number, line, part, self._manner) for part in parts]
        return plans, _track(line, plans)

    def _number(self, line: Line) -> int:
        return SPEAKERS.index(self.speaker or (line.speaker if line.speaker in SPEAKERS else SPEAKERS[0]))

    def _render(
        self, line: Line, plans: list[PlannedSentence], track: EmotionTrack, seed: int
    ) -> Iterator[tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]]:
        number, start_s = self._number(line), 0.0
        for index, plan in enumerate(watched(plans)):
            weights = track.weights_at(start_s + np.arange(int(plan.ends[-1])) * FRAME_S)
            made: Rendered = render(self._model, number, line, plan, weights, self._manner, (seed, index))
            rest = _rest_frames(plan)
            sound = np.concatenate([made.waveform, np.zeros(rest * HOP_LENGTH, np.float32)])
            yield sound, np.concatenate([made.f0_hz, np.zeros(rest, np.float32)])
            start_s += len(sound) / SAMPLE_RATE


def _with_decoder(model: VoiceModel, decoder: str | None) -> VoiceModel:
    if decoder is None or decoder == model.decoder:
        return model
    there = [name for name in DECODERS if name == "l1" or model.network.sizes.flow_blocks]
    if decoder not in there:
        raise BackendError(f"decoder {decoder!r} is not in this checkpoint of 'daisy'; it has {', '.join(there)}")
    return replace(model, decoder=decoder)


def _reference(model: VoiceModel, like: tuple[npt.ArrayLike, int]) -> npt.NDArray[np.float64]:
    """Return u of a recording."""
    if model.prosody is None:
        raise BackendError(
            "this checkpoint of 'daisy' has no prosody encoder, so `like` cannot be used; "
            "train one with `mien train voice`, or give an emotion"
        )
    return style_of(model.prosody, *like).astype(np.float64)


def _rest_frames(plan: PlannedSentence) -> int:
    """Return the frames of digital silence that the markup asks for behind a sentence."""
    return round(plan.sentence.pause_after_s / FRAME_S)


def _track(line: Line, plans: list[PlannedSentence]) -> EmotionTrack:
    """Return the emotion on the audio clock: each span's from its first phone to its last."""
    times: dict[int, tuple[float, float]] = {}
    offset = 0
    for plan in plans:
        for i, span in enumerate(plan.spans.tolist()):
            if plan.sequence.words[i] >= 0:
                begin = (offset + (int(plan.ends[i - 1]) if i else 0)) * FRAME_S
                end = (offset + int(plan.ends[i])) * FRAME_S
                times[span] = (times.get(span, (begin, end))[0], end)
        offset += int(plan.ends[-1]) + _rest_frames(plan)
    spans = [(*times[k], line.spans[k].emotion or NEUTRAL) for k in sorted(times)]
    return EmotionTrack.from_spans(spans)


def _segments(plans: list[PlannedSentence]) -> tuple[tuple[Segment, ...], tuple[Segment, ...]]:
    """Return phones and words of the whole line; silences that touch are one."""
    phones: list[tuple[str, int]] = []
    words: list[tuple[str, int]] = []
    offset = 0
    for plan in plans:
        symbols, edges = word_borders(plan)
        phones += [(s, offset + int(e) * HOP_LENGTH) for s, e in zip(plan.sequence.symbols, plan.ends, strict=True)]
        words += [(symbol, offset + edge) for symbol, edge in zip(symbols, edges[1:], strict=True)]
        offset += plan.n_samples
        rest = _rest_frames(plan) * HOP_LENGTH
        if rest:
            offset += rest
            phones.append((SILENCE, offset))
            words.append(("", offset))
    return _merged(phones, SILENCE), _merged(words, "")


def _merged(segments: list[tuple[str, int]], silence: str) -> tuple[Segment, ...]:
    kept = [left for left, right in pairwise(segments) if not (left[0] == right[0] == silence)]
    kept.append(segments[-1])
    return tile([symbol for symbol, _ in kept], [0, *(end for _, end in kept)], SAMPLE_RATE)
