"""Live: a performance sent frame by frame, on the clock of its sound.

Targets are addresses: ``livelink://HOST[:11111]`` (Unreal's Live Link over UDP), ``vmc://HOST[:39539]`` (VMC over
OSC: VSeeFace, Warudo, VMagicMirror …) and ``ws://HOST[:8765]`` (a WebSocket server with a page that shows the head).
"""

from __future__ import annotations

from avatar.live.frames import LiveFrame, frames_of
from avatar.live.player import Report, play, stream
from avatar.live.targets import SENDERS, Sender, open_sender

__all__ = ["SENDERS", "LiveFrame", "Report", "Sender", "frames_of", "open_sender", "play", "stream"]
