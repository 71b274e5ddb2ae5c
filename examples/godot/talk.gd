# Play a take in Godot 4. Put hello.glb, hello.tres and hello.wav into the project, drag hello.glb into a scene,
# and attach this script to its root node.
extends Node3D

func _ready() -> void:
	var player := AnimationPlayer.new()
	add_child(player)
	player.root_node = player.get_path_to(self)
	var library := AnimationLibrary.new()
	library.add_animation("hello", load("res://hello.tres"))
	player.add_animation_library("", library)
	var sound := AudioStreamPlayer.new()
	sound.stream = load("res://hello.wav")
	add_child(sound)
	sound.play()
	player.play("hello")
