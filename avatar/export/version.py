"""How files name the program that wrote them."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

__all__ = ["GENERATOR", "VERSION"]

try:
    VERSION = version("mien")
except PackageNotFoundError:  # run from a folder that is not installed
    VERSION = "0"

GENERATOR = f"mien {VERSION}"
