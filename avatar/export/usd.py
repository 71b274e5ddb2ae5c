"""``.usda``, ``.usdc``, ``.usdz``: a face with its shapes and the take, in OpenUSD (UsdSkel).

``/Character`` is a SkelRoot with a skeleton of ``Head``, ``Head/LeftEye`` and ``Head/RightEye``; the mesh ``Face``
has a BlendShape per shape; a SkelAnimation holds ``blendShapeWeights`` and the joints' rotations at one time
code per frame. The texture of a ``.usda`` or ``.usdc`` is a file beside it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from avatar.export.heads import performed
from checkpoints.errors import MissingDependency
from conditioning import Motion
from renderers.mesh_head import Head, NormalMaker, rotation_quaternions, triangles_between, vertex_normals

if TYPE_CHECKING:
    from avatar.take import Take

__all__ = ["write_usd", "write_usdz"]

_JOINTS = ("Head", "Head/LeftEye", "Head/RightEye")
#: A shape leaves a vertex alone that it moves by less than this: a hundredth of a hair.
_MIN_DELTA_M = 2e-7
#: Time of every file in a package, seconds since 1970 (2 January 1980), so that the same take gives the same bytes.
_PACKAGED_S = 3653 * 86_400
#: Decimals of lengths in metres and of normals: numbers that are short to write.
_LENGTH_DECIMALS, _NORMAL_DECIMALS = 7, 4


def write_usd(take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit", head: str | None = None) -> None:
    """Write a USD layer: text for ``.usda``, binary for ``.usdc``.

    Parameters
    ----------
    take : Take
        Its portrait gives the face; without one it is a neutral head.
    path : Path
    fps : float, optional
        Time codes a second; the motion's own rate by default.
    rig : str
        Name of a rig or path of a retarget file: which names the shapes carry.
    head : str, optional
        Another head: a registered name, a GLB file or an ICT-FaceKit folder.

    Raises
    ------
    MissingDependency
        If ``usd-core`` is not installed.
    """
    _check_usd()
    shaped, motion, weights = performed(take, fps, rig, head)
    texture = _write_texture(shaped, path)
    _write_stage(path, shaped, motion, weights, texture, take.text)


def write_usdz(
    take: Take, path: Path, *, fps: float | None = None, rig: str = "arkit", head: str | None = None
) -> None:
    """Write a USD package with its texture inside; see :func:`write_usd`."""
    _check_usd()
    from pxr import UsdUtils

    layer = path.with_suffix(".usdc")
    write_usd(take, layer, fps=fps, rig=rig, head=head)
    parts = [file for file in (layer, _texture_path(layer)) if file.exists()]
    for file in parts:
        os.utime(file, (_PACKAGED_S, _PACKAGED_S))
    UsdUtils.CreateNewUsdzPackage(str(layer), str(path))
    for file in parts:
        file.unlink()


for _writer in (write_usd, write_usdz):
    _writer.requires = {"pxr": "pip install 'mien[usd]'"}  # type: ignore[attr-defined]


def _check_usd() -> None:
    try:
        import pxr.Usd  # noqa: F401
    except ImportError as error:
        raise MissingDependency(f"USD needs usd-core ({error}): pip install 'mien[usd]'") from error


def _texture_path(path: Path) -> Path:
    return path.with_name(f"{path.stem}_face.png")


def _write_texture(head: Head, path: Path) -> str | None:
    if head.texture is None or head.uvs is None:
        return None
    from PIL import Image

    target = _texture_path(path)
    Image.fromarray(head.texture).save(target)
    return f"./{target.name}"


def _write_stage(
    path: Path, head: Head, motion: Motion, weights: npt.NDArray[np.float32], texture: str | None, text: str
) -> None:
    from pxr import Usd, UsdGeom, UsdSkel

    stage = Usd.Stage.CreateNew(str(path))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetTimeCodesPerSecond(motion.fps)
    stage.SetFramesPerSecond(motion.fps)
    stage.SetStartTimeCode(0)
    stage.SetEndTimeCode(len(motion) - 1)
    root = UsdSkel.Root.Define(stage, "/Character")
    stage.SetDefaultPrim(root.GetPrim())
    if text:
        root.GetPrim().SetDocumentation(text)
    material = _material(stage, head, texture)
    skeleton = _skeleton(stage, head)
    animation = _animation(stage, head.shape_names, motion, weights, head)
    UsdSkel.BindingAPI.Apply(skeleton.GetPrim()).CreateAnimationSourceRel().SetTargets([animation.GetPath()])
    sides = (0, 1, 2) if head.eye_parts is not None else (0,)
    for side in sides:
        _mesh(stage, head, side, material, skeleton)
    root.CreateExtentAttr(_vectors(_extent(head.vertices, margin_m=0.05)))
    stage.GetRootLayer().Save()


def _skeleton(stage: Any, head: Head) -> Any:
    from pxr import Gf, UsdSkel, Vt

    skeleton = UsdSkel.Skeleton.Define(stage, "/Character/Skeleton")
    skeleton.CreateJointsAttr(Vt.TokenArray(_JOINTS))
    places = [Gf.Vec3d(0, 0, 0), *(Gf.Vec3d(*map(float, eye)) for eye in head.eyes)]
    transforms = Vt.Matrix4dArray([Gf.Matrix4d(1).SetTranslate(place) for place in places])
    skeleton.CreateBindTransformsAttr(transforms)
    skeleton.CreateRestTransformsAttr(transforms)
    return skeleton


def _animation(stage: Any, names: tuple[str, ...], motion: Motion, weights: npt.NDArray[np.float32], head: Head) -> Any:
    from pxr import Gf, UsdSkel, Vt

    animation = UsdSkel.Animation.Define(stage, "/Character/Take")
    animation.CreateJointsAttr(Vt.TokenArray(_JOINTS))
    animation.CreateBlendShapesAttr(Vt.TokenArray(names))
    places = np.concatenate([np.zeros((1, 3), np.float32), head.eyes])
    animation.CreateTranslationsAttr(_vectors(places))
    animation.CreateScalesAttr(Vt.Vec3hArray([Gf.Vec3h(1, 1, 1)] * len(_JOINTS)))
    turns = np.concatenate([motion.head_rotation[:, None], motion.eye_rotation], axis=1)
    quaternions = rotation_quaternions(turns).astype(np.float32)
    weight_samples, rotation_samples = animation.CreateBlendShapeWeightsAttr(), animation.CreateRotationsAttr()
    for frame, row in enumerate(weights):
        weight_samples.Set(Vt.FloatArray.FromNumpy(np.ascontiguousarray(row)), frame)
        rotation_samples.Set(Vt.QuatfArray.FromNumpy(np.ascontiguousarray(quaternions[frame])), frame)
    return animation


def _mesh(stage: Any, head: Head, side: int, material: Any, skeleton: Any) -> None:
    from pxr import Gf, Sdf, UsdGeom, UsdShade, UsdSkel, Vt

    used = np.ones(len(head.vertices), bool) if head.eye_parts is None else head.eye_parts == side
    triangles, vertices = triangles_between(head.triangles, used), head.vertices[used]
    mesh = UsdGeom.Mesh.Define(stage, "/Character/" + ("Face", "LeftEyeball", "RightEyeball")[side])
    mesh.CreatePointsAttr(_vectors(vertices, _LENGTH_DECIMALS))
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(triangles), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(np.ascontiguousarray(triangles.ravel())))
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateNormalsAttr(_vectors(vertex_normals(vertices, triangles), _NORMAL_DECIMALS))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateExtentAttr(_vectors(_extent(vertices)))
    api = UsdGeom.PrimvarsAPI(mesh)
    if head.uvs is not None:
        # USD's texture coordinates have their origin at the bottom left.
        uvs = head.uvs[used] * np.array([1.0, -1.0], np.float32) + np.array([0.0, 1.0], np.float32)
        primvar = api.CreatePrimvar("st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex)
        primvar.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(uvs)))
    binding = UsdSkel.BindingAPI.Apply(mesh.GetPrim())
    binding.CreateSkeletonRel().SetTargets([skeleton.GetPath()])
    binding.CreateJointIndicesPrimvar(True, 1).Set(Vt.IntArray([side]))
    binding.CreateJointWeightsPrimvar(True, 1).Set(Vt.FloatArray([1.0]))
    binding.CreateGeomBindTransformAttr(Gf.Matrix4d(1))
    if side == 0:
        _shapes(stage, head, used, mesh, binding)
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)


def _shapes(stage: Any, head: Head, used: npt.NDArray[np.bool_], mesh: Any, binding: Any) -> None:
    from pxr import UsdSkel, Vt

    maker = NormalMaker(triangles_between(head.triangles, used), int(used.sum()))
    rest = head.vertices[used]
    normals = maker(rest)
    targets = []
    for name, shape in zip(head.shape_names, head.shapes[:, used], strict=True):
        blend = UsdSkel.BlendShape.Define(stage, mesh.GetPath().AppendChild(_identifier(name)))
        moved = np.flatnonzero(np.abs(shape).max(1) > _MIN_DELTA_M).astype(np.int32)
        if not len(moved):
            moved = np.zeros(1, np.int32)
        turned = (maker(rest + shape) - normals)[moved]
        blend.CreateOffsetsAttr(_vectors(shape[moved], _LENGTH_DECIMALS))
        blend.CreateNormalOffsetsAttr(_vectors(turned, _NORMAL_DECIMALS))
        blend.CreatePointIndicesAttr(Vt.IntArray.FromNumpy(moved))
        targets.append(blend.GetPath())
    binding.CreateBlendShapesAttr(Vt.TokenArray(head.shape_names))
    binding.CreateBlendShapeTargetsRel().SetTargets(targets)


def _material(stage: Any, head: Head, texture: str | None) -> Any:
    from pxr import Gf, Sdf, UsdShade

    types = Sdf.ValueTypeNames
    material = UsdShade.Material.Define(stage, "/Character/Skin")
    surface = UsdShade.Shader.Define(stage, "/Character/Skin/Surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("roughness", types.Float).Set(0.6)
    diffuse = surface.CreateInput("diffuseColor", types.Color3f)
    if texture is None:
        diffuse.Set(Gf.Vec3f(*(value**2.2 for value in head.colour)))
    else:
        reader = UsdShade.Shader.Define(stage, "/Character/Skin/Coordinates")
        reader.CreateIdAttr("UsdPrimvarReader_float2")
        reader.CreateInput("varname", types.String).Set("st")
        picture = UsdShade.Shader.Define(stage, "/Character/Skin/Picture")
        picture.CreateIdAttr("UsdUVTexture")
        picture.CreateInput("file", types.Asset).Set(Sdf.AssetPath(texture))
        picture.CreateInput("sourceColorSpace", types.Token).Set("sRGB")
        picture.CreateInput("wrapS", types.Token).Set("clamp")
        picture.CreateInput("wrapT", types.Token).Set("clamp")
        picture.CreateInput("st", types.Float2).ConnectToSource(reader.CreateOutput("result", types.Float2))
        diffuse.ConnectToSource(picture.CreateOutput("rgb", types.Float3))
    material.CreateSurfaceOutput().ConnectToSource(surface.CreateOutput("surface", types.Token))
    return material


def _vectors(array: npt.NDArray[np.float32], decimals: int | None = None) -> Any:
    from pxr import Vt

    # + 0 turns -0 to 0.
    rounded = array if decimals is None else np.round(array.astype(np.float64), decimals) + 0.0
    return Vt.Vec3fArray.FromNumpy(np.ascontiguousarray(rounded, np.float32))


def _extent(vertices: npt.NDArray[np.float32], margin_m: float = 0.0) -> npt.NDArray[np.float32]:
    return np.stack([vertices.min(0) - margin_m, vertices.max(0) + margin_m])


def _identifier(name: str) -> str:
    """Return a name that USD allows for a prim."""
    plain = "".join(c if c.isascii() and c.isalnum() else "_" for c in name)
    return plain if plain and not plain[0].isdigit() else f"_{plain}"
