"""What a rig is: its controls, and the way from ARKit's 52 shapes to them and back.

A rig is either *tabled* (each control is a weighted sum of shapes) or *posed* (each control is a whole
mouth, such as a viseme, given as shapes; its weights are those whose sum of poses comes nearest).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import ARKIT_INDEX, ARKIT_NAMES, EMOTION_NAMES, Motion
from conditioning.registry import nearest

__all__ = ["Curves", "Rig", "sided", "solve_nonnegative"]

FloatArray = npt.NDArray[np.float32]

#: Steps of the solver; its error falls with the square of their number.
_SOLVER_STEPS = 300


@dataclass(frozen=True, eq=False)
class Curves:
    """Curves of a rig at one rate.

    Attributes
    ----------
    rig : str
        Name of the rig.
    fps : float
        Frames a second.
    names : tuple of str
        N controls.
    values : (T, N) float32
    """

    rig: str
    fps: float
    names: tuple[str, ...]
    values: FloatArray

    def curve(self, name: str) -> FloatArray:
        """Return the (T,) values of one control."""
        if name not in self.names:
            raise InputError(f"the rig {self.rig} has no control {name!r}{nearest(name, list(self.names))}")
        return self.values[:, self.names.index(name)]


@dataclass(frozen=True, eq=False)
class Rig:
    """The controls of a kind of character.

    Attributes
    ----------
    name, summary : str
        What it is called, and one line about it.
    source : str
        Where the table comes from.
    controls : tuple of str
        N names in the order of the rig.
    table : mapping of str to mapping of str to float
        Control → shape → weight; a control that is absent rests.
    poses : mapping of str to mapping of str to float
        Control → shape → weight of the whole mouth that it makes; solved for together.
    emotions : mapping of str to str
        Control → emotion of the speech that drives it.
    limits : mapping of str to tuple of float
        Lowest and highest value of a control, (0, 1) where nothing is said.
    offsets : mapping of str to float
        Added to a tabled control.
    rest : str
        The posed control that takes what the others leave of 1, if there is one.
    """

    name: str
    summary: str
    source: str
    controls: tuple[str, ...]
    table: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    poses: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    emotions: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    offsets: Mapping[str, float] = field(default_factory=dict)
    rest: str = ""

    def __post_init__(self) -> None:
        known = set(self.controls)
        for control in (*self.table, *self.poses, *self.emotions):
            if control not in known:
                raise InputError(f"the rig {self.name} has no control {control!r}{nearest(control, list(known))}")
        for control, shapes in (*self.table.items(), *self.poses.items()):
            for shape in shapes:
                if shape not in ARKIT_INDEX:
                    raise InputError(
                        f"the control {control!r} of the rig {self.name} names {shape!r}, "
                        f"which is no ARKit shape{nearest(shape, list(ARKIT_NAMES))}"
                    )

    @cached_property
    def matrix(self) -> FloatArray:
        """(52, N) float32: shapes to tabled controls."""
        return self._matrix(self.table)

    @cached_property
    def _pose_matrix(self) -> FloatArray:
        """(N, 52) float32: posed controls to shapes."""
        return self._matrix(self.poses).T

    def _matrix(self, rows: Mapping[str, Mapping[str, float]]) -> FloatArray:
        matrix = np.zeros((len(ARKIT_NAMES), len(self.controls)), np.float32)
        for control, shapes in rows.items():
            for shape, weight in shapes.items():
                matrix[ARKIT_INDEX[shape], self.controls.index(control)] = weight
        return matrix

    def curves(self, motion: Motion, emotion: npt.NDArray[np.floating[Any]] | None = None) -> Curves:
        """Return a motion as curves of this rig.

        Parameters
        ----------
        motion : Motion
        emotion : (T, 8) float, optional
            Weights of the emotion in each frame, for rigs with whole-face expressions.
        """
        values = motion.weights @ self.matrix + self._vector(self.offsets)
        if self.poses:
            values = values + self._solved(motion.weights)
        if emotion is not None:
            for control, feeling in self.emotions.items():
                values[:, self.controls.index(control)] += emotion[:, EMOTION_NAMES.index(feeling)]
        low, high = self._bounds
        return Curves(self.name, motion.fps, self.controls, np.clip(values, low, high).astype(np.float32))

    def weights(self, values: FloatArray) -> FloatArray:
        """Return (T, 52) float32: the shapes in [0, 1] that come nearest to (T, N) values of this rig."""
        back = np.asarray(values, np.float32)
        forward = self.matrix
        if np.array_equal(forward[:, : len(ARKIT_NAMES)], np.eye(len(ARKIT_NAMES))):
            return back[:, : len(ARKIT_NAMES)].copy()
        posed = back @ self._pose_matrix
        tabled = solve_nonnegative(forward.T, back - self._vector(self.offsets)) if self.table else 0.0
        return np.clip(posed + tabled, 0.0, 1.0).astype(np.float32)

    @cached_property
    def control_poses(self) -> FloatArray:
        """(N, 52) float32: what each control does, as shapes; ``values @ control_poses`` is the face."""
        inverse: FloatArray = (
            np.linalg.pinv(self.matrix.astype(np.float64)) if self.table else 0.0
        ) + self._pose_matrix
        return inverse.astype(np.float32)

    def _solved(self, weights: FloatArray) -> FloatArray:
        """Return (T, N) values of the posed controls: nearest to the mouth of each frame, their sum at most 1."""
        poses = self._pose_matrix
        used = np.flatnonzero(np.abs(poses).sum(0) > 0)
        active = np.flatnonzero(np.abs(poses).sum(1) > 0)
        found = np.zeros((len(weights), len(self.controls)), np.float32)
        solved = solve_nonnegative(poses[np.ix_(active, used)].T, weights[:, used])
        total = solved.sum(1, keepdims=True)
        found[:, active] = solved / np.maximum(total, 1.0)
        if self.rest:
            found[:, self.controls.index(self.rest)] = np.maximum(1.0 - total[:, 0], 0.0)
        return found

    @cached_property
    def _bounds(self) -> tuple[FloatArray, FloatArray]:
        pairs = np.array([self.limits.get(control, (0.0, 1.0)) for control in self.controls], np.float32)
        return pairs[:, 0], pairs[:, 1]

    def _vector(self, numbers: Mapping[str, float]) -> FloatArray:
        return np.array([numbers.get(control, 0.0) for control in self.controls], np.float32)


def solve_nonnegative(matrix: FloatArray, targets: FloatArray) -> FloatArray:
    """Return (T, K) float32 ``x ≥ 0`` with ``matrix @ x`` nearest to each row of targets.

    All rows at once, by projected gradients with momentum (A. Beck and M. Teboulle, "A Fast Iterative
    Shrinkage-Thresholding Algorithm", SIAM J. Imaging Sciences 2, 2009), restarted where the momentum
    points uphill (B. O'Donoghue and E. Candès, 2015).

    Parameters
    ----------
    matrix : (M, K) float32
    targets : (T, M) float32
    """
    gram = (matrix.T @ matrix).astype(np.float64)
    step = 1.0 / max(float(np.linalg.eigvalsh(gram)[-1]), 1e-9)
    wanted = (targets @ matrix).astype(np.float64)
    x = np.zeros_like(wanted)
    ahead, momentum = x, 1.0
    for _ in range(_SOLVER_STEPS):
        new = np.maximum(ahead - step * (ahead @ gram - wanted), 0.0)
        if float(np.sum((ahead - new) * (new - x))) > 0:
            momentum = 1.0
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum * momentum)) / 2.0
        ahead = new + (momentum - 1.0) / following * (new - x)
        if np.abs(new - x).max() < 1e-7:
            return new.astype(np.float32)
        x, momentum = new, following
    return x.astype(np.float32)


def sided(table: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Write a table out for both sides: ``*`` in a control is L and R, in a shape Left and Right.

    Examples
    --------
    >>> sided({"AU12*": {"mouthSmile*": 1.0}})
    {'AU12L': {'mouthSmileLeft': 1.0}, 'AU12R': {'mouthSmileRight': 1.0}}
    """
    full: dict[str, dict[str, float]] = {}
    for control, shapes in table.items():
        sides = (("L", "Left"), ("R", "Right")) if "*" in control else (("", ""),)
        for short, long in sides:
            full[control.replace("*", short)] = {shape.replace("*", long): weight for shape, weight in shapes.items()}
    return full
