# The same in Godot 3, without a window, printing what the mouth does:
#   mien say "You came back!" -e joy -o hello.npz        (see README.md for the .tres of Godot 3)
#   godot3-server --no-window -s talk_godot3.gd
extends SceneTree

func _init():
	var animation = load("res://hello.tres")
	var track = animation.find_track(NodePath("Head/Face:blend_shapes/jawOpen"))
	print("length ", animation.length, " s, ", animation.get_track_count(), " tracks")
	for key in range(0, animation.track_get_key_count(track), 12):
		print("%.3f s  jawOpen %.3f" % [animation.track_get_key_time(track, key), animation.track_get_key_value(track, key)])
	quit()
