"""The ``daisy`` voice."""

from __future__ import annotations

from tts.daisy.voice import DaisyVoice

__all__ = ["DaisyVoice"]
