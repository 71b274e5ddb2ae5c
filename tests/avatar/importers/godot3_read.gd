# Load the animation MIEN_FILE into Godot 3 and print its tracks. Usage: godot3-server --no-window -s godot3_read.gd
extends SceneTree

func _init():
	var animation = load(OS.get_environment("MIEN_FILE"))
	var tracks = {}
	for track in animation.get_track_count():
		if animation.track_get_type(track) != Animation.TYPE_VALUE:
			continue
		var keys = []
		for key in animation.track_get_key_count(track):
			keys.append([animation.track_get_key_time(track, key), animation.track_get_key_value(track, key)])
		tracks[str(animation.track_get_path(track))] = keys
	print("RESULT", JSON.print({"length": animation.length, "step": animation.step, "tracks": tracks}))
	quit()
