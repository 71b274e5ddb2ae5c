"""The portrait renderer: one picture of a face, animated in place."""

from __future__ import annotations

from renderers.portrait.renderer import PortraitRenderer

__all__ = ["PortraitRenderer"]
