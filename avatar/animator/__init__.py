"""From speech to the motion of a face.

>>> import numpy as np
>>> from conditioning import Speech, tile
>>> phones = tile(["sil", "m", "ˈɑ", "sil"], [0, 800, 2400, 6400, 8000], 16000)
>>> sound = Speech(np.full(8000, 0.1, np.float32), 16000, phones=phones)
>>> motion = animate(sound, fps=60.0, seed=0)
>>> len(motion), float(motion.curve("jawOpen").max()) > 0.1
(30, True)
"""

from __future__ import annotations

from avatar.animator.animator import animate, idle
from avatar.animator.style import Style

__all__ = ["Style", "animate", "idle"]
