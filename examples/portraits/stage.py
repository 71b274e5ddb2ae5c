"""The studio: puts meshes, strands and lights into Blender's Cycles (module `bpy`) and takes the picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bpy  # type: ignore[import-not-found]
import numpy as np
from head import Floats
from mathutils import Vector  # type: ignore[import-not-found]
from strands import Strands

Colour = tuple[float, float, float]
CAMERA_DISTANCE = 165.0  # centimetres


def linear(colour: Floats | Colour) -> Floats:
    """SRGB 0-1 to linear light (IEC 61966-2-1)."""
    c = np.asarray(colour, float)
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def to_blender(p: Floats) -> Floats:
    """Our axes (x left, y up, z to the camera) to Blender's (z up, camera looks along +y)."""
    return np.stack([p[..., 0], -p[..., 2], p[..., 1]], -1)


def from_blender(p: Floats) -> Floats:
    """Undo `to_blender`."""
    return np.stack([p[..., 0], p[..., 2], -p[..., 1]], -1)


@dataclass(frozen=True)
class Light:
    """A soft box: place and aim in our axes, size in centimetres, power in Blender's watts."""

    at: Colour
    size: float
    power: float
    colour: Colour = (1.0, 1.0, 1.0)
    aim: Colour = (0.0, 0.0, 4.0)


def reset(size: int, samples: int, centre_y: float, span: float) -> None:
    """Start an empty scene with a long-lens camera that sees `span` centimetres around height `centre_y`."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.render.engine = "CYCLES"
    scene.cycles.samples = samples
    scene.cycles.use_adaptive_sampling = True
    scene.cycles.adaptive_threshold = 0.03
    scene.cycles.use_denoising = True
    scene.cycles.seed = 7
    scene.cycles.max_bounces = 5
    scene.cycles.diffuse_bounces = 2
    scene.cycles.glossy_bounces = 3
    scene.cycles.transmission_bounces = 4
    scene.cycles.caustics_reflective = scene.cycles.caustics_refractive = False
    scene.cycles.transparent_max_bounces = 16
    scene.cycles_curves.shape = "RIBBONS"
    scene.render.film_transparent = True
    scene.render.resolution_x = scene.render.resolution_y = size
    scene.render.image_settings.color_mode = "RGBA"
    scene.render.image_settings.color_depth = "16"
    scene.view_settings.view_transform = "AgX"
    scene.view_settings.look = "AgX - Medium High Contrast"
    camera = bpy.data.cameras.new("camera")
    camera.angle = 2 * np.arctan(span / 2 / CAMERA_DISTANCE)
    camera.clip_end = 1000
    holder = _link(bpy.data.objects.new("camera", camera))
    holder.location = (0.0, -CAMERA_DISTANCE, centre_y)
    holder.rotation_euler = (np.pi / 2, 0, 0)
    scene.camera = holder


def _link(thing: Any) -> Any:
    bpy.context.scene.collection.objects.link(thing)
    return thing


def add_light(light: Light) -> None:
    """Hang a soft box."""
    lamp = bpy.data.lights.new("light", "AREA")
    lamp.shape = "DISK"
    lamp.size, lamp.energy, lamp.color = light.size, light.power, light.colour
    holder = _link(bpy.data.objects.new("light", lamp))
    place, aim = to_blender(np.array(light.at)), to_blender(np.array(light.aim))
    holder.location = place
    holder.rotation_euler = (Vector(aim) - Vector(place)).to_track_quat("-Z", "Y").to_euler()


def add_ambient(colour: Colour, strength: float) -> None:
    """Fill the room with even light."""
    world = bpy.data.worlds.new("world")
    bpy.context.scene.world = world
    world.use_nodes = True
    node = world.node_tree.nodes["Background"]
    node.inputs[0].default_value = (*colour, 1)
    node.inputs[1].default_value = strength


def add_mesh(
    name: str, points: Floats, faces: list[list[int]], material: Any, uv: list[Floats] | None = None, levels: int = 0
) -> Any:
    """Add a smooth mesh; `uv` holds the corner coordinates of each face, `levels` subdivisions."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(to_blender(points).tolist(), [], faces)
    mesh.polygons.foreach_set("use_smooth", np.ones(len(faces), bool))
    if uv is not None:
        layer = mesh.uv_layers.new(name="uv")
        layer.data.foreach_set("uv", np.concatenate(uv).astype(np.float32).ravel())
    mesh.update()
    mesh.materials.append(material)
    thing = _link(bpy.data.objects.new(name, mesh))
    if levels:
        modifier = thing.modifiers.new("smooth", "SUBSURF")
        modifier.levels = modifier.render_levels = levels
        modifier.uv_smooth = "PRESERVE_BOUNDARIES"
    return thing


def add_strands(name: str, strands: Strands, material: Any) -> None:
    """Add hair curves; the strand's shade is the attribute `shade`."""
    n, p, _ = strands.points.shape
    data = bpy.data.hair_curves.new(name)
    data.add_curves([p] * n)
    data.attributes["position"].data.foreach_set("vector", to_blender(strands.points).astype(np.float32).ravel())
    radius = data.attributes.get("radius") or data.attributes.new("radius", "FLOAT", "POINT")
    radius.data.foreach_set("value", strands.radius.astype(np.float32).ravel())
    shade = data.attributes.new("shade", "FLOAT", "CURVE")
    shade.data.foreach_set("value", strands.shade.astype(np.float32))
    data.materials.append(material)
    _link(bpy.data.objects.new(name, data))


def image(name: str, pixels: Floats, colour: bool) -> Any:
    """Turn (h, w) or (h, w, 3) values, sRGB when `colour`, into a texture; row 0 is v = 0."""
    if pixels.ndim == 2:
        pixels = np.repeat(pixels[..., None], 3, -1)
    h, w, _ = pixels.shape
    picture = bpy.data.images.new(name, w, h, float_buffer=True)
    picture.colorspace_settings.name = "Non-Color" if not colour else "Linear Rec.709"
    values = linear(pixels) if colour else pixels
    picture.pixels.foreach_set(np.concatenate([values, np.ones((h, w, 1))], -1).astype(np.float32).ravel())
    return picture


class Nodes:
    """A material's node tree with short hands."""

    def __init__(self, name: str) -> None:
        self.material = bpy.data.materials.new(name)
        self.material.use_nodes = True
        self.tree = self.material.node_tree
        self.tree.nodes.clear()
        self.output = self.tree.nodes.new("ShaderNodeOutputMaterial")

    def add(self, kind: str, **inputs: Any) -> Any:
        """Add a node; inputs named with underscores for blanks, sockets are linked, values are set."""
        node = self.tree.nodes.new("ShaderNode" + kind)
        for name, value in inputs.items():
            self.set(node, name.replace("_", " "), value)
        return node

    def set(self, node: Any, name: str, value: Any) -> None:
        """Link a socket or set a value."""
        socket = node.inputs[name]
        if hasattr(value, "is_output"):
            self.tree.links.new(value, socket)
        elif socket.type == "RGBA":
            socket.default_value = (*linear(value), 1)
        else:
            socket.default_value = value

    def texture(self, picture: Any, scale_u: float = 1.0) -> Any:
        """Image lookup through the uv layer; u is multiplied by `scale_u`."""
        coordinates = self.add("UVMap")
        mapping = self.add("Mapping", Vector=coordinates.outputs[0], Scale=(scale_u, 1, 1))
        node = self.add("TexImage", Vector=mapping.outputs[0])
        node.image = picture
        node.interpolation = "Cubic"
        return node.outputs[0]

    def finish(self, shader: Any) -> Any:
        """Connect the surface and return the material."""
        self.tree.links.new(shader.outputs[0], self.output.inputs["Surface"])
        return self.material


def skin_material(colour: Any, roughness: Any, relief: Any, scatter: float, bump: float) -> Any:
    """Skin that lets light in: random-walk scattering, pores, a thin oily coat. `scatter` in centimetres."""
    n = Nodes("skin")
    bumpy = n.add("Bump", Height=n.texture(relief, 0.5), Strength=bump, Distance=0.05)
    shader = n.add(
        "BsdfPrincipled",
        Base_Color=n.texture(colour, 0.5),
        Roughness=n.texture(roughness, 0.5),
        Normal=bumpy.outputs[0],
        Subsurface_Weight=1.0,
        Subsurface_Scale=scatter,
        Specular_IOR_Level=0.45,
        Coat_Weight=0.06,
        Coat_Roughness=0.22,
    )
    shader.inputs["Subsurface Radius"].default_value = (1.0, 0.36, 0.2)
    return n.finish(shader)


def eye_material(colour: Any) -> Any:
    """The painted eyeball."""
    n = Nodes("eye")
    shader = n.add("BsdfPrincipled", Base_Color=n.texture(colour), Roughness=0.45, Specular_IOR_Level=0.2)
    n.set(shader, "Subsurface Weight", 0.15)
    n.set(shader, "Subsurface Scale", 0.15)
    return n.finish(shader)


def clear_material(roughness: float = 0.02, strength: float = 1.0) -> Any:
    """Wet and clear: passes light straight through and adds a Fresnel highlight."""
    n = Nodes("wet")
    fresnel = n.add("Fresnel", IOR=1.40)
    scaled = n.add("Math")
    scaled.operation = "MULTIPLY"
    n.tree.links.new(fresnel.outputs[0], scaled.inputs[0])
    scaled.inputs[1].default_value = strength
    clear, gloss = n.add("BsdfTransparent"), n.add("BsdfGlossy", Roughness=roughness)
    mix = n.add("MixShader")
    n.tree.links.new(scaled.outputs[0], mix.inputs[0])
    n.tree.links.new(clear.outputs[0], mix.inputs[1])
    n.tree.links.new(gloss.outputs[0], mix.inputs[2])
    return n.finish(mix)


def hair_material(
    dark: Colour, light: Colour, roughness: float = 0.32, grey: Colour | None = None, greys: float = 0.0
) -> Any:
    """Hair between two colours by `shade`; the share `greys` of all strands takes the colour `grey`."""
    n = Nodes("hair")
    attribute = n.add("Attribute")
    attribute.attribute_name = "shade"
    ramp = n.add("ValToRGB", Fac=attribute.outputs["Fac"])
    ramp.color_ramp.elements[0].color = (*linear(dark), 1)
    ramp.color_ramp.elements[1].color = (*linear(light), 1)
    ramp.color_ramp.elements[1].position = 1.0 - greys
    if grey is not None and greys > 0:
        last = ramp.color_ramp.elements.new(min(1.0, 1.0 - greys + 0.02))
        last.color = (*linear(grey), 1)
    shader = n.add("BsdfHairPrincipled", Roughness=roughness, Radial_Roughness=roughness + 0.1, Coat=0.0)
    shader.parametrization = "COLOR"
    n.tree.links.new(ramp.outputs[0], shader.inputs["Color"])
    return n.finish(shader)


def cloth_material(
    colour: Colour, weave: float = 0.25, sheen: float = 0.4, roughness: float = 0.85, mottle: float = 0.35
) -> Any:
    """Woven wool or linen: two crossed sine waves for threads and slow stains."""
    n = Nodes("cloth")
    place = n.add("TexCoord")
    stain = n.add("TexNoise", Vector=place.outputs["Object"], Scale=0.22, Detail=6.0)
    fine = n.add("TexNoise", Vector=place.outputs["Object"], Scale=4.0, Detail=6.0, Roughness=0.75)
    ramp = n.add("ValToRGB", Fac=stain.outputs[0])
    ramp.color_ramp.elements[0].position, ramp.color_ramp.elements[1].position = 0.25, 0.75
    ramp.color_ramp.elements[0].color = (*(linear(colour) * (1 - mottle)), 1)
    ramp.color_ramp.elements[1].color = (*np.clip(linear(colour) * (1 + mottle), 0, 1), 1)
    bump = n.add("Bump", Height=fine.outputs[0], Strength=weave, Distance=0.12)
    shader = n.add("BsdfPrincipled", Base_Color=ramp.outputs[0], Roughness=roughness, Normal=bump.outputs[0])
    n.set(shader, "Sheen Weight", sheen)
    n.set(shader, "Sheen Roughness", 0.4)
    n.set(shader, "Specular IOR Level", 0.2)
    return n.finish(shader)


def plain_material(colour: Colour, roughness: float, metallic: float = 0.0) -> Any:
    """Leather, brass, thread."""
    n = Nodes("plain")
    place = n.add("TexCoord")
    fine = n.add("TexNoise", Vector=place.outputs["Object"], Scale=3.0, Detail=6.0)
    bump = n.add("Bump", Height=fine.outputs[0], Strength=0.2, Distance=0.08)
    return n.finish(
        n.add("BsdfPrincipled", Base_Color=colour, Roughness=roughness, Metallic=metallic, Normal=bump.outputs[0])
    )


def shoot(path: Path) -> None:
    """Render the scene to a 16-bit PNG with a transparent background."""
    bpy.context.scene.render.filepath = str(path.resolve())
    bpy.ops.render.render(write_still=True)
