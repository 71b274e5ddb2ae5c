"""Print the round-trip table of the exports: what another program reads against what was written.

Readers that are not installed are left out: Blender (``MIEN_BPY``), three.js (``MIEN_NODE_MODULES``, chromium),
usd-core, PyYAML, godot_parser.
"""

from __future__ import annotations

import csv
import importlib.util
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from avatar.take import Take
from conditioning import ARKIT_NAMES

TESTS = Path(__file__).parents[1] / "tests" / "avatar"


def module(path: Path) -> Any:
    """Return a module of the tests, which are no package."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    return made


def by_name(curves: dict[str, Any]) -> np.ndarray:
    return np.stack([np.asarray(curves[name], np.float64) for name in ARKIT_NAMES], axis=1)


def live_link(path: Path) -> np.ndarray:
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return by_name({name: [float(row[name[0].upper() + name[1:]]) for row in rows] for name in ARKIT_NAMES})


def pygltf(path: Path) -> np.ndarray:
    import pygltflib

    gltf = pygltflib.GLTF2().load_binary(str(path))
    item = gltf.accessors[gltf.animations[0].samplers[0].output]
    start = gltf.bufferViews[item.bufferView].byteOffset
    return np.frombuffer(gltf.binary_blob(), "<f4", item.count, start).reshape(-1, 52)


def usd(path: Path) -> np.ndarray:
    from pxr import Usd

    stage = Usd.Stage.Open(str(path))
    attribute = stage.GetPrimAtPath("/Character/Take").GetAttribute("blendShapeWeights")
    return np.array([attribute.Get(frame) for frame in range(90)])


def unity(path: Path) -> np.ndarray:
    import yaml

    loader = type("UnityLoader", (yaml.CSafeLoader,), {})
    loader.add_constructor("tag:unity3d.com,2011:74", lambda self, node: self.construct_mapping(node, deep=True))
    clip = yaml.load(path.read_text(), loader)["AnimationClip"]
    found = {}
    for curve in clip["m_FloatCurves"]:
        keys = np.array([[key["time"], key["value"]] for key in curve["curve"]["m_Curve"]])
        found[curve["attribute"].removeprefix("blendShape.")] = np.interp(np.arange(90) / 60, *keys.T) / 100
    return by_name(found)


def godot(path: Path) -> np.ndarray:
    import godot_parser

    section = godot_parser.load(str(path)).find_section("resource")
    found = {}
    for number in range(52):
        rows = np.array(section[f"tracks/{number}/keys"].args).reshape(-1, 3)
        name = section[f"tracks/{number}/path"].args[0].rpartition(":")[2]
        found[name] = np.interp(np.arange(90) / 60, rows[:, 0], rows[:, 2])
    return by_name(found)


def a2f(path: Path) -> np.ndarray:
    content = json.loads(path.read_text())
    return by_name(dict(zip(content["facsNames"], np.array(content["weightMat"]).T, strict=True)))


def main() -> None:
    take: Take = module(TESTS / "conftest.py").make_take()
    tools = module(TESTS / "importers" / "tools.py")
    readers: list[tuple[str, str, dict[str, Any], Callable[[Path], np.ndarray]]] = [
        (".csv", "Python's csv, the app's header", {}, live_link),
        (".glb", "pygltflib", {}, pygltf),
        (".glb", "Blender (bpy)", {}, lambda p: by_name(tools.blender("blender_read.py", p, 60)["curves"])),
        (
            ".glb", "three.js in Chromium", {},
            lambda p: by_name(tools.chromium("three_read.html", {"file.glb": p}, query="fps=60")["curves"]),
        ),
        (".usda", "usd-core", {}, usd),
        (".usdc", "usd-core", {}, usd),
        (".anim", "PyYAML", {}, unity),
        (".tres", "godot_parser", {}, godot),
        (
            ".vrma", "three-vrm in Chromium", {"rig": "arkit"},
            lambda p: by_name(
                {k: v["values"] for k, v in tools.chromium("vrma_read.html", {"file.vrma": p})["custom"].items()}
            ),
        ),
        (".a2f.json", "Python's json", {"rig": "arkit"}, a2f),
        (".npz", "NumPy", {}, lambda p: np.load(p)["weights"]),
    ]  # fmt: skip
    lines = ["| format | read by | frames | greatest difference |", "|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as folder:
        for suffix, reader, options, read in readers:
            path = Path(folder) / f"a{suffix}"
            take.save(path, **options)
            try:
                found = read(path)
            except (ImportError, BaseException) as error:  # pytest's skips are no exceptions
                if isinstance(error, KeyboardInterrupt):
                    raise
                sys.stderr.write(f"{suffix} {reader}: {type(error).__name__}\n")
                continue
            worst = np.abs(found - take.motion.weights).max()
            lines.append(f"| `{suffix}` | {reader} | {len(found)} of 90 | {worst:.1e} |")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
