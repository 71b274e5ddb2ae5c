"""A first cast file for a script: a table for each of its speakers, to be edited."""

from __future__ import annotations

import json
import re
from collections import Counter

from avatar.dialogue.cast import NARRATOR
from avatar.dialogue.script import Script
from tts.daisy.model import SPEAKERS

__all__ = ["new_cast"]

#: Shifts of pitch, in semitones, that tell apart characters who share a speaker of the voice.
PITCH_STEPS_ST = (0.0, 1.5, -1.5, 3.0, -3.0)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_HEAD = """\
# Who speaks. Every key is optional: portrait = "mira.png" (beside this file), voice and speaker (`mien doctor` lists
# them), rate, pitch_st, renderer, expressiveness, head_motion, blink_rate, gaze_motion, baseline = "trust:0.3",
# seed, and personality = { openness = 0, conscientiousness = 0, extraversion = 0, agreeableness = 0, neuroticism = 0 }.
"""


def new_cast(script: Script) -> str:
    """Return a cast file (TOML) in which every speaker of the script has a voice that differs from the others'.

    Parameters
    ----------
    script : Script
        Its speakers come in the order of their first line; lines without one are the narrator's.
    """
    lines = Counter((line.speaker or NARRATOR).casefold() for line in script)
    names: dict[str, str] = {}
    for speaker in script.speakers:
        names.setdefault((speaker or NARRATOR).casefold(), speaker or NARRATOR)
    tables = [_table(name, index, lines[key]) for index, (key, name) in enumerate(names.items())]
    return "\n".join([_HEAD, *tables])


def _table(name: str, index: int, lines: int) -> str:
    key = name if _BARE_KEY.fullmatch(name) else json.dumps(name, ensure_ascii=False)
    table = f'[{key}]  # {lines} line{"s" if lines > 1 else ""}\nspeaker = "{SPEAKERS[index % len(SPEAKERS)]}"\n'
    pitch_st = PITCH_STEPS_ST[index // len(SPEAKERS) % len(PITCH_STEPS_ST)]
    return table + (f"pitch_st = {pitch_st}\n" if pitch_st else "")
