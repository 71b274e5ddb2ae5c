"""The sound of a film."""

from __future__ import annotations

import re
import subprocess
import warnings
from pathlib import Path

from conditioning import InputError

__all__ = ["extract_sound"]

#: What ffmpeg says of a file that is cut off, in the words of several containers.
_CUT_OFF = re.compile("File ended prematurely|partial file|Error submitting packet to decoder")


def extract_sound(film: Path, target: Path, *, max_length_s: float) -> bool:
    """Write the first sound track of a film into a sound file, on the film's clock: silent where it has none yet.

    Parameters
    ----------
    film : Path
        MP4, MOV, MKV, WebM, AVI and the like; also M4A, which is an MP4 without a picture.
    target : Path
        A Wave64 file (``.w64``), which may be longer than a WAV: 16-bit, mono, at the track's own rate.
    max_length_s : float
        So much is written at most.

    Returns
    -------
    bool
        Whether it is a film; if not, nothing is written.

    Warns
    -----
    UserWarning
        If the film breaks off.

    Raises
    ------
    InputError
        If the film has no sound, or none that can be decoded, or the disk is full.
    """
    from renderers.clip import ffmpeg_input

    # Gaps are filled, nothing is stretched.
    filled = ["-af", "aresample=async=1:first_pts=0", "-ac", "1", "-c:a", "pcm_s16le", "-t", f"{max_length_s:g}"]
    done = subprocess.run([*ffmpeg_input(film, "a"), *filled, str(target)], capture_output=True, check=False)
    said = done.stderr.decode(errors="replace")
    if not done.returncode:
        if _CUT_OFF.search(said):
            warnings.warn(f"{film} breaks off; its sound is used as far as it goes", stacklevel=4)
        return True
    if "Input #0" not in said:
        return False
    if "matches no streams" in said:
        raise InputError(f"{film} is a film without sound; give one with sound, or a recording (wav, flac, ogg, mp3)")
    reason = said.strip().splitlines()[-1].rstrip(".")
    raise InputError(f"the sound of {film} cannot be decoded: {reason}; save it as wav, flac, ogg or mp3")
