"""``mien serve``: performances over HTTP and WebSocket."""

from __future__ import annotations

from avatar.serve.config import ServeConfig

__all__ = ["ServeConfig"]
