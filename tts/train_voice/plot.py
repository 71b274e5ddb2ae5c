"""Loss curves as a picture."""

from __future__ import annotations

import json
from pathlib import Path

__all__ = ["plot_losses"]


def plot_losses(log: Path, picture: Path) -> None:
    """Draw every part of the loss over steps.

    Parameters
    ----------
    log : Path
        A JSON object a line, with ``step``.
    picture : Path
        PNG that is written.
    """
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    rows = [json.loads(row) for row in log.read_text(encoding="utf-8").splitlines()]
    names = [name for name in rows[-1] if name not in ("step", "minutes", "items")]
    figure, axes = pyplot.subplots(1, len(names), figsize=(3.5 * len(names), 3), squeeze=False)
    for axis, name in zip(axes[0], names, strict=True):
        seen = [row for row in rows if name in row]
        axis.plot([row["step"] for row in seen], [row[name] for row in seen])
        axis.set_title(name)
        axis.set_xlabel("step")
    figure.tight_layout()
    figure.savefig(picture)
    pyplot.close(figure)
