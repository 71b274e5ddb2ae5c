"""``.json``: the whole take, and the reader that gives it back.

The file is one object; ``take.schema.json`` beside this module is its JSON Schema (draft 2020-12).

==============  ================================================================================
``format``      always ``"mien-take"``
``version``     1; a reader refuses versions that it does not know
``text``        what is said
``seed``        integer
``portrait``    path of the picture as it was given, or null
``line``        what was asked for, or null: ``speaker``, ``language``, ``id``, ``spans`` (each with
                ``text``, ``emotion``, ``delivery``, ``pause_after_s``, ``phones``)
``settings``    what else made the take: voice, style …
``video``       ``renderer``, ``options``, ``fps``, ``size``
``speech``      ``sample_rate`` (Hz), ``samples``, ``duration_s``, ``phones`` and ``words`` (``symbol``,
                ``start_s``, ``end_s``; phones also ``duration_s`` and ``f0_hz``, for editing: change them
                and let ``mien say --edit`` say it again; a list for ``f0_hz`` is a contour),
                ``emotion`` (keys of ``time_s`` and ``weights``),
                ``feature_rate_hz``, ``f0_hz``, ``energy_db``, and ``wav``: the sound as base64 of a
                16-bit WAV file, or null
``motion``      ``fps``, ``names`` (52), ``weights`` (a row of 52 per frame), ``head_rotation_rad``
                (pitch, yaw, roll per frame), ``eye_rotation_rad`` (left and right eye, likewise).
                Axes: right-handed, +X to the character's left, +Y up, +Z out of the face; pitch > 0
                looks down, yaw > 0 to the character's left, roll > 0 to its right shoulder.
==============  ================================================================================

Curves are rounded to 1e-6, features to 1e-3.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from avatar.export.wave import wav_bytes
from checkpoints.errors import InputError
from conditioning import (
    ARKIT_NAMES,
    FEATURE_RATE_HZ,
    Delivery,
    Emotion,
    EmotionTrack,
    Line,
    Motion,
    Segment,
    Span,
    Speech,
)
from tts.edit import PhoneEdit, phones_of

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["SCHEMA_PATH", "VERSION", "read_edits", "read_json", "take_of", "to_json", "write_json"]

FORMAT = "mien-take"
VERSION = 1
SCHEMA_PATH = Path(__file__).with_name("take.schema.json")

_CURVE_DECIMALS = 6
_FEATURE_DECIMALS = 3


def write_json(take: Take, path: Path, *, sound: bool = True) -> None:
    """Write everything that is known of a take.

    Parameters
    ----------
    take : Take
    path : Path
    sound : bool
        Whether the file holds the sound too.
    """
    path.write_text(json.dumps(to_json(take, sound=sound), ensure_ascii=False) + "\n", encoding="utf-8")


def to_json(take: Take, *, sound: bool = True) -> dict[str, Any]:
    """Return the object that :func:`write_json` writes."""
    return {
        "format": FORMAT,
        "version": VERSION,
        "text": take.text,
        "seed": take.seed,
        "portrait": take.portrait.as_posix() if take.portrait else None,
        "line": _line_object(take.line) if take.line else None,
        "settings": _plain(take.settings),
        "video": {
            "renderer": take.renderer,
            "options": _plain(take.renderer_options),
            "fps": take.fps,
            "size": list(take.size),
        },
        "speech": _speech_object(take.speech, sound),
        "motion": motion_object(take.motion),
    }


def motion_object(motion: Motion) -> dict[str, Any]:
    """Return a motion as JSON holds it."""
    return {
        "fps": motion.fps,
        "names": list(ARKIT_NAMES),
        "weights": _rounded(motion.weights, _CURVE_DECIMALS),
        "head_rotation_rad": _rounded(motion.head_rotation, _CURVE_DECIMALS),
        "eye_rotation_rad": _rounded(motion.eye_rotation, _CURVE_DECIMALS),
    }


def read_json(path: Path) -> Take:
    """Read a take that :func:`write_json` wrote.

    Raises
    ------
    InputError
        If the file is not such a take, or of another version.
    """
    return take_of(parsed(path), str(path))


def parsed(path: Path) -> Any:
    """Return what a JSON file holds; a file that is none raises :class:`InputError`."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read {path} as JSON: {error}") from error


def take_of(content: Any, source: str) -> Take:
    """Return the take of an object that :func:`to_json` made.

    Parameters
    ----------
    content : object
        As JSON gives it.
    source : str
        Where it comes from, for messages.
    """
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise InputError(f'{source} is not a take of Mien (no "format": "{FORMAT}")')
    if content.get("version") != VERSION:
        raise InputError(f"{source} has version {content.get('version')!r}, this program reads {VERSION}; update mien")
    try:
        return _take(content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{source} is damaged: {type(error).__name__} at {error}") from error


def _take(content: Mapping[str, Any]) -> Take:
    from avatar.take import Take

    video, motion = content["video"], content["motion"]
    if motion["names"] != list(ARKIT_NAMES):
        raise ValueError("motion.names")
    return Take(
        speech=_speech(content["speech"], content["text"]),
        motion=Motion(
            float(motion["fps"]),
            np.array(motion["weights"], np.float32),
            np.array(motion["head_rotation_rad"], np.float32),
            np.array(motion["eye_rotation_rad"], np.float32),
        ),
        portrait=Path(content["portrait"]) if content["portrait"] else None,
        line=_line(content["line"]) if content["line"] else None,
        renderer=str(video["renderer"]),
        renderer_options=dict(video["options"]),
        fps=float(video["fps"]),
        size=(int(video["size"][0]), int(video["size"][1])),
        seed=int(content["seed"]),
        settings=dict(content["settings"]),
    )


def _speech_object(speech: Speech, sound: bool) -> dict[str, Any]:
    return {
        "sample_rate": speech.sample_rate,
        "samples": len(speech.waveform),
        "duration_s": speech.duration_s,
        "phones": _phone_rows(speech),
        "words": [asdict(segment) for segment in speech.words],
        "emotion": [{"time_s": time_s, "weights": dict(emotion)} for time_s, emotion in speech.emotion.keyframes],
        "feature_rate_hz": FEATURE_RATE_HZ,
        "f0_hz": None if speech.f0_hz is None else _rounded(speech.f0_hz, _FEATURE_DECIMALS),
        "energy_db": None if speech.energy_db is None else _rounded(speech.energy_db, _FEATURE_DECIMALS),
        "wav": base64.b64encode(wav_bytes(speech)).decode("ascii") if sound else None,
    }


def _phone_rows(speech: Speech) -> list[dict[str, Any]]:
    """Return the phones with what may be edited: length and level of F0 (null without voice)."""
    if not speech.phones:
        return []
    rows = []
    for segment, phone in zip(speech.phones, phones_of(speech), strict=True):
        level = None if phone.f0_hz is None else round(phone.f0_hz, 1)
        rows.append({**asdict(segment), "duration_s": round(phone.duration_s, 6), "f0_hz": level})
    return rows


def read_edits(path: Path) -> tuple[Take, tuple[PhoneEdit, ...]]:
    """Read a take and what was changed by hand about its phones' ``duration_s`` and ``f0_hz``.

    Raises
    ------
    InputError
        If the file is not such a take, holds no sound, or a changed value cannot be.
    """
    content = parsed(path)
    take, rows = take_of(content, str(path)), content["speech"]
    if not rows["wav"]:
        raise InputError(f"{path} holds no sound to edit; write the take again with its sound")
    edits = []
    for index, (row, now) in enumerate(zip(rows["phones"], _phone_rows(take.speech), strict=True)):
        length, level = row.get("duration_s", now["duration_s"]), row.get("f0_hz", now["f0_hz"])
        length = None if length == now["duration_s"] else length
        level = None if level == now["f0_hz"] else level
        if length is not None or level is not None:
            edits.append(_phone_edit(index, length, level, str(path)))
    return take, tuple(edits)


def _phone_edit(index: int, length: Any, level: Any, source: str) -> PhoneEdit:
    try:
        points = tuple(float(value) for value in level) if isinstance(level, list) else level
        points = float(points) if isinstance(points, int | float) else points
        return PhoneEdit(index, None if length is None else float(length), points or None)
    except (TypeError, ValueError) as error:
        raise InputError(f"{source}: phone {index}: duration_s and f0_hz are numbers ({error})") from error


def _speech(content: Mapping[str, Any], text: str) -> Speech:
    import soundfile

    rate = int(content["sample_rate"])
    wave = np.zeros(int(content["samples"]), np.float32)
    if content["wav"]:
        wave, rate = soundfile.read(io.BytesIO(base64.b64decode(content["wav"])), dtype="float32")

    def segments(rows: Sequence[Mapping[str, Any]]) -> tuple[Segment, ...]:
        return tuple(Segment(str(row["symbol"]), float(row["start_s"]), float(row["end_s"])) for row in rows)

    def feature(values: Sequence[float] | None) -> npt.NDArray[np.float32] | None:
        return None if values is None else np.array(values, np.float32)

    return Speech(
        wave,
        rate,
        segments(content["phones"]),
        segments(content["words"]),
        EmotionTrack(tuple((float(key["time_s"]), Emotion(**key["weights"])) for key in content["emotion"])),
        feature(content["f0_hz"]),
        feature(content["energy_db"]),
        text,
    )


def _line_object(line: Line) -> dict[str, Any]:
    spans = [
        {
            "text": span.text,
            "emotion": None if span.emotion is None else dict(span.emotion),
            "delivery": asdict(span.delivery),
            "pause_after_s": span.pause_after_s,
            "phones": None if span.phones is None else list(span.phones),
        }
        for span in line.spans
    ]
    return {"speaker": line.speaker, "language": line.language, "id": line.id, "spans": spans}


def _line(content: Mapping[str, Any]) -> Line:
    spans = tuple(
        Span(
            span["text"],
            None if span["emotion"] is None else Emotion(**span["emotion"]),
            Delivery(**span["delivery"]),
            float(span["pause_after_s"]),
            None if span["phones"] is None else tuple(span["phones"]),
        )
        for span in content["spans"]
    )
    return Line(spans, content["speaker"], content["language"], content["id"])


def _rounded(array: npt.NDArray[np.float32], decimals: int) -> Any:
    return (np.round(array.astype(np.float64), decimals) + 0.0).tolist()


def _plain(value: Any) -> Any:
    """Return settings as JSON can hold them: paths and other objects become text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)
