"""Read a take of Live Link Face, as the phone recorded it: late frames, holes, values a little above 1."""

from __future__ import annotations

import csv
import re
import warnings
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar.export.live_link import COLUMNS, ROTATION_COLUMNS, SHAPE_COLUMNS, SHAPE_ORDER, TIMECODE_RATE_HZ
from avatar.export.reading import checked_weights
from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES, Motion
from conditioning.registry import nearest

__all__ = ["read_csv"]

_TIMECODE = re.compile(r"^(\d{1,2})[:;](\d{2})[:;](\d{2})[:;](\d{2,3})(?:\.(\d+))?$")
#: A gap in the timecode longer than this is told of.
_HOLE_S = 0.25
#: A recording that runs backwards by more than half a day has passed midnight.
_DAY_S = 86_400.0
#: Longer takes are refused: an hour at 60 rows a second is 216,000 rows.
_MAX_S = 4 * 3600.0


def read_csv(path: Path, *, fps: float = 60.0) -> Motion:
    """Read a Live Link Face take and put it on an even clock.

    Missing values are filled linearly; so are holes in the timecode, with a warning for each take that has
    one longer than a quarter of a second.

    Parameters
    ----------
    path : Path
    fps : float
        Frames a second of the result.

    Raises
    ------
    InputError
        If columns are missing, a value is no number, or the timecode does not run forwards.
    """
    header, rows = _table(path)
    position = _positions(header, path)
    times, table = [], []
    for line, row in rows:
        values = [row[index].strip() if index < len(row) else "" for index in position]
        times.append(_seconds(values[0], path, line))
        table.append([_number(value, path, line) for value in values[1:]])
    return _even(np.array(times), np.array(table), fps, path)


def _table(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            lines = [(number, row) for number, row in enumerate(csv.reader(file), start=1) if any(row)]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as CSV: {error}") from error
    if len(lines) < 2:
        raise InputError(f"{path} holds no frames; a Live Link take has a header and a row per frame")
    return lines[0][1], lines[1:]


def _positions(header: list[str], path: Path) -> list[int]:
    """Return where the timecode, the shapes and the angles stand, by name."""
    found = {name.strip().lower(): index for index, name in enumerate(header)}
    wanted = [COLUMNS[0], *SHAPE_COLUMNS, *ROTATION_COLUMNS]
    missing = [name for name in wanted if name.lower() not in found]
    if missing:
        others = [name.strip() for name in header if name.strip() not in COLUMNS]
        hint = nearest(missing[0], others).replace("did you mean", "is it")
        listed = ", ".join(missing[:6]) + (f" and {len(missing) - 6} more" if len(missing) > 6 else "")
        raise InputError(
            f"{path} lacks {len(missing)} column{'s' * (len(missing) > 1)} of a Live Link take: {listed}{hint}"
        )
    return [found[name.lower()] for name in wanted]


def _seconds(text: str, path: Path, line: int) -> float:
    match = _TIMECODE.match(text)
    if match is None:
        raise InputError(f"{path}, line {line}: {text!r} is no timecode HH:MM:SS:FF.sub")
    hours, minutes, seconds, frames, part = match.groups()
    frame = int(frames) + (float(f"0.{part}") if part else 0.0)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + frame / TIMECODE_RATE_HZ


def _number(text: str, path: Path, line: int) -> float:
    if not text:
        return np.nan
    try:
        return float(text)
    except ValueError as error:
        raise InputError(f"{path}, line {line}: {text!r} is no number") from error


def _even(times: npt.NDArray[np.float64], table: npt.NDArray[np.float64], fps: float, path: Path) -> Motion:
    """Return a motion at even times from rows at their own times."""
    steps = np.diff(times)
    times = times + np.concatenate([[0.0], np.cumsum(np.where(steps < -_DAY_S / 2, _DAY_S, 0.0))])
    keep = np.concatenate([[True], times[1:] > np.maximum.accumulate(times)[:-1]])
    if keep.mean() < 0.9:
        raise InputError(f"{path}: {int((~keep).sum())} of {len(keep)} timecodes do not run forwards")
    times, table = times[keep] - times[0], table[keep]
    if times[-1] > _MAX_S:
        raise InputError(f"{path} lasts {times[-1]:.0f} s; at most {_MAX_S:.0f} s are read: cut it")
    holes = np.flatnonzero(np.diff(times) > _HOLE_S)
    if len(holes):
        first = holes[0]
        length_s = times[first + 1] - times[first]
        warnings.warn(
            f"{path.name}: {len(holes)} hole{'s' * (len(holes) > 1)} in the timecode, the first of {length_s:.2f} s at "
            f"{times[first]:.2f} s; filled linearly",
            stacklevel=2,
        )
    even = np.arange(int(np.floor(times[-1] * fps + 1e-3)) + 1) / fps
    columns = [_filled(times, table[:, i], even, i, path) for i in range(table.shape[1])]
    values = np.stack(columns, axis=1).astype(np.float32)
    weights = np.zeros((len(even), len(ARKIT_NAMES)), np.float32)
    weights[:, [ARKIT_INDEX[name] for name in SHAPE_ORDER]] = values[:, : len(SHAPE_ORDER)]
    yaw, pitch, roll = np.moveaxis(values[:, len(SHAPE_ORDER) :].reshape(len(even), 3, 3), -1, 0)
    angles = np.stack([pitch, -yaw, -roll], axis=-1)
    return Motion(fps, checked_weights(weights, str(path)), angles[:, 0], angles[:, 1:])


def _filled(
    times: npt.NDArray[np.float64], values: npt.NDArray[np.float64], even: npt.NDArray[np.float64], i: int, path: Path
) -> npt.NDArray[np.float64]:
    known = np.isfinite(values)
    if not known.any():
        raise InputError(f"{path}: the column {[*SHAPE_COLUMNS, *ROTATION_COLUMNS][i]} holds no value")
    return np.interp(even, times[known], values[known])
