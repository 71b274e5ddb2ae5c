"""``.wav``: the sound alone."""

from __future__ import annotations

import errno
import io
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.errors import InputError
from conditioning import Speech
from renderers.video import FULL_DISK_BYTES

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["wav_bytes", "write_wav"]

#: Bits of a sample → the name of its encoding in libsndfile.
_ENCODINGS = {16: "PCM_16", 24: "PCM_24", 32: "FLOAT"}


def write_wav(take: Take, path: Path, *, bits: int = 16) -> None:
    """Write the sound, mono, at the voice's own rate.

    Parameters
    ----------
    take : Take
    path : Path
    bits : int
        16 or 24 (integers), or 32 (floats).

    Raises
    ------
    OSError
        If the file does not take it, for instance because the disk is full.
    """
    import soundfile

    try:
        _write(path, take.speech, bits)
    except soundfile.LibsndfileError as error:
        # The library tells of a full disk as a "system error".
        full = shutil.disk_usage(path.parent).free < FULL_DISK_BYTES
        raise OSError(errno.ENOSPC if full else errno.EIO, str(error)) from error


def wav_bytes(speech: Speech, *, bits: int = 16) -> bytes:
    """Return the sound as the bytes of a WAV file."""
    buffer = io.BytesIO()
    _write(buffer, speech, bits)
    return buffer.getvalue()


def _write(target: Path | io.BytesIO, speech: Speech, bits: int) -> None:
    import soundfile

    if bits not in _ENCODINGS:
        raise InputError(f"a sound of bits={bits} is not possible; choose 16, 24 or 32")
    soundfile.write(target, speech.waveform, speech.sample_rate, format="WAV", subtype=_ENCODINGS[bits])
