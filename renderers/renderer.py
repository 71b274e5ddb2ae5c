"""What a renderer is, and which renderers there are."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning import Motion, Registry, Speech

__all__ = ["DEFAULT_FPS", "DEFAULT_SIZE", "RENDERERS", "Renderer", "RendererInfo", "check_options", "open_renderer"]

DEFAULT_FPS = 25.0
#: Width and height in pixels.
DEFAULT_SIZE = (512, 512)


@dataclass(frozen=True)
class RendererInfo:
    """What a renderer can do, as data.

    Attributes
    ----------
    name : str
        Its name in the registry.
    summary : str
        One line for a person who chooses.
    licence : str
        Of its code and weights.
    needs_cuda : bool
        Whether it needs a GPU.
    needs_portrait : bool
        Whether it draws nothing without a picture of the face.
    requires : mapping of str to str
        Importable module → the command that installs it.
    """

    name: str
    summary: str
    licence: str
    needs_cuda: bool = False
    needs_portrait: bool = True
    requires: Mapping[str, str] = field(default_factory=dict)


class Renderer(Protocol):
    """Draws a performance.

    A class is registered under its name and constructed as ``Class(portrait, **options)``: the path of a
    picture, then keyword options of its own, all with defaults. Construction does what one portrait needs
    once; :meth:`frames` may then be called many times.
    """

    info: ClassVar[RendererInfo]

    def frames(
        self,
        motion: Motion,
        speech: Speech | None = None,
        *,
        fps: float = DEFAULT_FPS,
        size: tuple[int, int] = DEFAULT_SIZE,
        seed: int = 0,
    ) -> Iterator[npt.NDArray[np.uint8]]:
        """Yield (height, width, 3) uint8 sRGB frames, frame ``i`` for the time ``i / fps``.

        There are as many frames as start before the motion's end. ``size`` is (width, height) in pixels.
        """
        ...


#: Renderers by name; outside packages add theirs through the entry-point group ``mien.renderers``.
RENDERERS = Registry(
    "renderer",
    "mien.renderers",
    {
        "portrait": "renderers.portrait:PortraitRenderer",
        "mesh": "renderers.mesh:MeshRenderer",
        "diffusion": "renderers.diffusion.renderer:DiffusionRenderer",
    },
)


def check_options(name: str, options: Iterable[str]) -> None:
    """Check that a renderer knows all of the options, without constructing it.

    Raises
    ------
    BackendError
        If there is no renderer of that name.
    InputError
        If it has no option of one of the names.
    """
    parameters = inspect.signature(RENDERERS.load(name)).parameters.values()
    if any(p.kind is p.VAR_KEYWORD for p in parameters):
        return
    known = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY]
    for option in options:
        if option not in known:
            allowed = f"it has {', '.join(known)}" if known else "it has none"
            raise InputError(f"the renderer {name!r} has no option {option!r}; {allowed}")


def open_renderer(name: str, portrait: Path | None, **options: Any) -> Renderer:
    """Construct a renderer by name for one portrait.

    Raises
    ------
    BackendError
        If there is none of that name, or it cannot run here.
    InputError
        If the portrait is needed and missing, cannot be read, or shows no face, or an option is not known.
    """
    kind = RENDERERS.load(name)
    if portrait is None and kind.info.needs_portrait:
        raise InputError(
            f"the renderer {name!r} needs a face; give a picture (portrait=…, --portrait), or the renderer 'mesh'"
        )
    check_options(name, options)
    renderer: Renderer = kind(portrait, **options)
    return renderer
