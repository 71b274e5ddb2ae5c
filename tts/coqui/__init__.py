"""The ``coqui`` voice: models of coqui-tts from a local folder."""

from __future__ import annotations

from tts.coqui.voice import CoquiVoice

__all__ = ["CoquiVoice"]
