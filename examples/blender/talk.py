"""Play a take in Blender: ``blender --python talk.py -- hello.glb hello.wav`` (or run with Blender's Python module).

With a third argument, a picture of the middle of the take is rendered to that file.
"""

import json
import math
import struct
import sys
from pathlib import Path

import bpy

glb, wav, *picture = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else sys.argv[1:]
data = Path(glb).read_bytes()
facts = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])["asset"]["extras"]

bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = round(facts["fps"])  # before the import: Blender's own 24 would bend the keys
bpy.ops.import_scene.gltf(filepath=str(Path(glb).resolve()))
scene.frame_start, scene.frame_end = 0, facts["frames"] - 1
scene.sequence_editor_create().strips.new_sound("take", str(Path(wav).resolve()), channel=1, frame_start=0)
shapes = bpy.data.shape_keys[0].key_blocks.keys()[1:]
print(f"{facts['text']!r}: {facts['frames']} frames at {facts['fps']:g} a second, {len(shapes)} shapes")

if picture:
    scene.frame_set(facts["frames"] // 4)
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.camera.location, scene.camera.rotation_euler = (0, -0.82, 0.02), (math.radians(90), 0, 0)
    scene.camera.data.angle = math.radians(26)
    lamp = bpy.data.objects.new("Key", bpy.data.lights.new("Key", "AREA"))
    lamp.data.energy, lamp.data.size, lamp.location = 12, 0.6, (-0.4, -0.8, 0.5)
    lamp.rotation_euler = (math.radians(58), 0, math.radians(-26))
    for thing in (scene.camera, lamp):
        scene.collection.objects.link(thing)
    scene.render.engine, scene.cycles.samples = "CYCLES", 32
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.image_settings.file_format = "JPEG"
    scene.render.filepath = str(Path(picture[0]).resolve())
    bpy.ops.render.render(write_still=True)
