"""Motion from sound alone, for recordings without a transcript."""

from __future__ import annotations

from avatar.audio_motion.lips import available, sample_track
from avatar.audio_motion.performer import performance

__all__ = ["available", "performance", "sample_track"]
