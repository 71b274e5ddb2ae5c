"""Which rigs there are."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from avatar.rigs.rig import Rig
from checkpoints.errors import BackendError
from conditioning.registry import Registry, nearest

__all__ = ["RIGS", "open_rig"]

#: Rigs by name; outside packages add theirs through the entry-point group ``mien.rigs``.
RIGS = Registry(
    "rig",
    "mien.rigs",
    {
        "arkit": "avatar.rigs.arkit:ARKIT",
        "arkit-pascal": "avatar.rigs.arkit:ARKIT_PASCAL",
        "claire": "avatar.rigs.arkit:CLAIRE",
        "facs": "avatar.rigs.facs:FACS",
        "metahuman": "avatar.rigs.metahuman:METAHUMAN",
        "metahuman-arkit": "avatar.rigs.metahuman:METAHUMAN_ARKIT",
        "oculus": "avatar.rigs.visemes:OCULUS",
        "vrm0": "avatar.rigs.vrm:VRM0",
        "vrm1": "avatar.rigs.vrm:VRM1",
    },
)


@lru_cache(maxsize=32)
def open_rig(name: str) -> Rig:
    """Return a rig by its name, or by the path of a retarget file.

    Parameters
    ----------
    name : str
        A name of :data:`RIGS`, or the path of a ``.json`` file (:mod:`avatar.rigs.retarget`).

    Raises
    ------
    BackendError
        If there is no such rig.
    InputError
        If the retarget file is malformed.
    """
    if name in RIGS:
        rig: Rig = RIGS.load(name)
        return rig
    if name.lower().endswith(".json"):
        from avatar.rigs.retarget import read_retarget

        return read_retarget(Path(name))
    names = sorted(RIGS)
    raise BackendError(
        f"no rig is called {name!r}; there are {', '.join(names)}, or give a retarget file .json{nearest(name, names)}"
    )
