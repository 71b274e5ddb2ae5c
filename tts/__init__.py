"""Voices: a line in, speech with times out."""

from __future__ import annotations

from tts.voice import VOICES, Voice, VoiceInfo, open_voice

__all__ = ["VOICES", "Voice", "VoiceInfo", "open_voice"]
