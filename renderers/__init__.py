"""Renderers: a portrait and a motion in, frames out; frames and sound into a video file."""

from __future__ import annotations

from renderers.renderer import DEFAULT_FPS, DEFAULT_SIZE, RENDERERS, Renderer, RendererInfo, open_renderer

__all__ = ["DEFAULT_FPS", "DEFAULT_SIZE", "RENDERERS", "Renderer", "RendererInfo", "open_renderer"]
