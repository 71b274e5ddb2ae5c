"""``.vrma``: an animation for VRM characters (VRMC_vrm_animation 1.0).

A GLB without a mesh: each expression is a node whose translation's X is its weight; the head is the rotation of
the humanoid bone ``head``; the gaze is the rotation of the ``lookAt`` node. The rig ``vrm1`` (default) drives
the presets that every VRM 1.0 character has; ``arkit`` drives the 52 shapes as custom expressions of a
"Perfect Sync" character.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from avatar.export.curve_tables import curves_of
from avatar.export.gltf_file import GltfBuilder
from avatar.rigs.vrm import VRM1
from renderers.mesh_head import rotation_quaternions

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["write_vrma"]

#: Preset expressions of VRM 1.0; the looks are left to ``lookAt``.
_PRESETS = frozenset(control for control in VRM1.controls if not control.startswith("look"))
_LOOKS = frozenset(VRM1.controls) - _PRESETS
#: Rest heights of the bones above their parents, metres: hips, spine, head.
_BONES = (("hips", 1.0), ("spine", 0.15), ("head", 0.45))


def write_vrma(take: Take, path: Path, *, fps: float | None = None, rig: str = "vrm1") -> None:
    """Write an animation for a VRM 1.0 character.

    Parameters
    ----------
    take : Take
    path : Path
    fps : float, optional
        Keys a second; the motion's own rate by default.
    rig : str
        ``vrm1``, ``arkit``, another rig or the path of a retarget file.
    """
    motion, curves = curves_of(take, fps, rig)
    builder = GltfBuilder()
    times = builder.accessor(motion.times_s, limits=True, mesh=False)
    samplers: list[dict[str, Any]] = []
    channels: list[dict[str, Any]] = []

    def animate(node: int, target: str, values: npt.NDArray[Any]) -> None:
        output = builder.accessor(values, mesh=False)
        channels.append({"sampler": len(samplers), "target": {"node": node, "path": target}})
        samplers.append({"input": times, "output": output, "interpolation": "LINEAR"})

    bones = _bones(builder)
    animate(bones["head"], "rotation", rotation_quaternions(motion.head_rotation))
    gaze = builder.add("nodes", {"name": "lookAt"})
    # VRM's characters look along +Z with +X to their left, as ours do.
    animate(gaze, "rotation", rotation_quaternions(motion.eye_rotation.mean(axis=1)))
    roots = [bones["hips"], gaze]
    preset: dict[str, Any] = {}
    custom: dict[str, Any] = {}
    for name, values in zip(curves.names, curves.values.T, strict=True):
        if name in _LOOKS:
            continue
        node = builder.add("nodes", {"name": name})
        roots.append(node)
        (preset if name in _PRESETS else custom)[name] = {"node": node}
        animate(node, "translation", np.stack([values, np.zeros_like(values), np.zeros_like(values)], axis=1))
    builder.add("animations", {"name": "Take", "samplers": samplers, "channels": channels})
    expressions = {kind: found for kind, found in (("preset", preset), ("custom", custom)) if found}
    builder.document |= {
        "scene": 0,
        "scenes": [{"nodes": roots}],
        "extensionsUsed": ["VRMC_vrm_animation"],
        "extensions": {
            "VRMC_vrm_animation": {
                "specVersion": "1.0",
                "humanoid": {"humanBones": {name: {"node": node} for name, node in bones.items()}},
                "expressions": expressions,
                "lookAt": {"node": gaze, "offsetFromHeadBone": [0.0, 0.06, 0.0]},
            }
        },
    }
    path.write_bytes(builder.glb())


def _bones(builder: GltfBuilder) -> dict[str, int]:
    """Add the chain of bones that a humanoid must have down to the head."""
    found: dict[str, int] = {}
    for name, height_m in _BONES:
        found[name] = builder.add("nodes", {"name": name, "translation": [0.0, height_m, 0.0]})
    nodes = builder.document["nodes"]
    names = [name for name, _ in _BONES]
    for parent, child in pairwise(names):
        nodes[found[parent]]["children"] = [found[child]]
    return found
