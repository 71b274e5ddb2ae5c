"""Import a GLB into Blender and print what arrived, as JSON. Run with an interpreter that has bpy.

Usage: blender_read.py FILE FPS [PICTURE TIME_S [DISTANCE_M HEIGHT_M]]
"""

import json
import math
import sys

import bpy

path, fps = sys.argv[1], float(sys.argv[2])
bpy.ops.wm.read_factory_settings(use_empty=True)
scene = bpy.context.scene
scene.render.fps = round(fps)
scene.render.fps_base = round(fps) / fps
bpy.ops.import_scene.gltf(filepath=path)
face = next(o for o in bpy.data.objects if o.type == "MESH" and o.data.shape_keys)
head = bpy.data.objects["Head"]
keys = face.data.shape_keys.key_blocks
frames = round(bpy.data.actions[0].frame_range[1])
curves = {key.name: [] for key in keys[1:]}
rotations, eyes = [], []
for frame in range(frames + 1):
    scene.frame_set(frame)
    for key in keys[1:]:
        curves[key.name].append(key.value)
    # Blender's axes are Z up: its X, Y, Z are glTF's X, -Z, Y.
    q = head.matrix_world.to_quaternion()
    rotations.append([q.x, q.z, -q.y, q.w])
    q = bpy.data.objects["LeftEye"].matrix_local.to_quaternion()
    eyes.append([q.x, q.z, -q.y, q.w])
sys.stdout.write(
    "RESULT"
    + json.dumps({"curves": curves, "head": rotations, "left_eye": eyes, "vertices": len(face.data.vertices)})
    + "\n"
)

if len(sys.argv) > 3:
    scene.frame_set(round(float(sys.argv[4]) * fps))
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(camera)
    scene.camera = camera
    away, up = map(float, sys.argv[5:7] or (0.75, 0.035))
    camera.location, camera.rotation_euler = (0, -away, up), (math.radians(90), 0, 0)
    camera.data.angle = math.radians(24)
    light = bpy.data.objects.new("Key", bpy.data.lights.new("Key", "AREA"))
    light.data.energy, light.data.size = 12, 0.6
    light.location, light.rotation_euler = (0.4, -0.8, 0.5), (math.radians(58), 0, math.radians(26))
    scene.collection.objects.link(light)
    scene.world = bpy.data.worlds.new("World")
    scene.render.engine = "CYCLES"
    scene.cycles.samples, scene.cycles.device = 16, "CPU"
    scene.view_settings.view_transform = "Standard"
    scene.render.resolution_x = scene.render.resolution_y = 512
    scene.render.filepath = sys.argv[3]
    bpy.ops.render.render(write_still=True)
