"""Loss curves as a picture."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["plot_losses"]

PARTS = ("spectrum", "voicing", "pitch", "duration")


def plot_losses(log: Path, picture: Path) -> None:
    """Draw every part of the loss over steps."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [json.loads(row) for row in log.read_text(encoding="utf-8").splitlines()]
    figure, axes = pyplot.subplots(1, len(PARTS), figsize=(14, 3))
    for axis, name in zip(axes, PARTS, strict=True):
        axis.plot([row["step"] for row in rows], [row[name] for row in rows])
        axis.set_title(name)
        axis.set_xlabel("step")
    figure.tight_layout()
    figure.savefig(picture)
    pyplot.close(figure)
