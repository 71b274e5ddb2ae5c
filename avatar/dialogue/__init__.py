"""Whole scripts: lines in, performances out."""

from __future__ import annotations

from avatar.dialogue.cast import Cast, Character, read_cast
from avatar.dialogue.script import Script, ScriptLine, read_script

__all__ = ["Cast", "Character", "Script", "ScriptLine", "read_cast", "read_script"]
