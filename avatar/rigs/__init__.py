"""Rigs by name: which controls a character has, and what each means in ARKit's 52 shapes."""

from __future__ import annotations

from avatar.rigs.registry import RIGS, open_rig
from avatar.rigs.rig import Curves, Rig

__all__ = ["RIGS", "Curves", "Rig", "open_rig"]
