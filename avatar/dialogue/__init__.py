"""Whole scripts: lines in, performances out."""

from __future__ import annotations

from avatar.dialogue.cast import NARRATOR, Cast, Character, read_cast
from avatar.dialogue.new_cast import new_cast
from avatar.dialogue.plan import Job, Settings, plan
from avatar.dialogue.script import Script, ScriptLine, read_script

__all__ = [
    "NARRATOR",
    "Cast",
    "Character",
    "Job",
    "Script",
    "ScriptLine",
    "Settings",
    "new_cast",
    "plan",
    "read_cast",
    "read_script",
]
