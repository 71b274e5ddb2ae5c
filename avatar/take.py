"""What an avatar did once: the sound, the motion, and what they were made from."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conditioning import Emotion, Line, Motion, Speech
from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Take"]


@dataclass(frozen=True, eq=False)
class Take:
    """One performance, ready to be saved in any format.

    Attributes
    ----------
    speech : Speech
        The sound, with its phones, words and emotion.
    motion : Motion
        Face, head and eyes on the sound's clock.
    portrait : Path, optional
        The picture of the face; formats without a picture do without.
    line : Line, optional
        What was asked for, if it was text.
    renderer : str
        Name of the renderer that draws video.
    renderer_options : mapping of str to Any
        Keyword options of that renderer.
    fps : float
        Frames a second of video; curves keep their own rate.
    size : tuple of int
        Width and height of video in pixels.
    seed : int
        What the take was made with; it seeds the renderer too.
    settings : mapping of str to Any
        What else made the take (voice, style …), for the record; values that JSON can hold.
    """

    speech: Speech
    motion: Motion
    portrait: Path | None = None
    line: Line | None = None
    renderer: str = "portrait"
    renderer_options: Mapping[str, Any] = field(default_factory=dict)
    fps: float = DEFAULT_FPS
    size: tuple[int, int] = DEFAULT_SIZE
    seed: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def duration_s(self) -> float:
        """Length of the sound in seconds."""
        return self.speech.duration_s

    @property
    def text(self) -> str:
        """What is said, empty if it is not known."""
        return self.speech.text or (self.line.text if self.line else "")

    @property
    def emotion(self) -> Emotion:
        """What is felt on average, weights rounded to tenths."""
        return Emotion.from_weights(self.speech.emotion.sample(25.0, self.duration_s).mean(axis=0).round(1))

    def __repr__(self) -> str:
        return f"<Take: {self.text!r}, {self.emotion}, {self.duration_s:.2f} s, {self.motion!r}>"

    def _repr_html_(self) -> str:
        """Return what a notebook shows: a player of the sound."""
        from avatar.export.wave import wav_bytes

        sound = b64encode(wav_bytes(self.speech)).decode("ascii")
        return f'{escape(repr(self))}<br><audio controls src="data:audio/wav;base64,{sound}"></audio>'

    def save(self, path: Path | str, **options: Any) -> None:
        """Write the take to a file; the suffix picks the format.

        Parameters
        ----------
        path : Path
            Target, such as ``hello.mp4``, ``hello.csv``, ``hello.glb``. Only a whole file replaces another.
        **options
            Of the format's writer in :mod:`avatar.export`.

        Raises
        ------
        OutputError
            If the suffix is unknown, or the file cannot be written.
        """
        from avatar.export import write

        write(self, path, **options)

    def plot(self) -> Figure:
        """Draw the eight weights, valence-arousal-dominance, F0, loudness and words over the line's time.

        Returns
        -------
        matplotlib.figure.Figure
            ``take.save("mood.png")`` writes the same picture to a file.
        """
        from avatar.plot import plot_take

        return plot_take(self)
