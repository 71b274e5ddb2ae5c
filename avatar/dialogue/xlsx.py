"""Excel workbooks: every sheet with a column ``text``, one after the other. Needs openpyxl."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from avatar.dialogue.script import MAX_SCRIPT_BYTES, ScriptLine
from avatar.dialogue.table import has_text_column, lines_of
from checkpoints.errors import InputError, MissingDependency

if TYPE_CHECKING:
    from openpyxl import Workbook

__all__ = ["read_xlsx"]


def read_xlsx(path: Path) -> Iterator[ScriptLine]:
    """Yield the rows of a workbook's sheets in the order of their tabs; sheets without a column text are passed over.

    Raises
    ------
    InputError
        If it is not a workbook, is too large, or no sheet has a column text.
    MissingDependency
        Without openpyxl.
    """
    with _workbook(path) as book:
        seen: list[str] = []
        for sheet in book.worksheets:
            rows = ([_text(cell) for cell in row] for row in sheet.iter_rows(values_only=True))
            header = next(rows, [])
            seen += header
            if has_text_column(header):
                place = f"{path.name}:{sheet.title}"
                yield from lines_of(((f"{place}:{n}", row) for n, row in zip(count(2), rows)), header, place)
        if not has_text_column(seen):
            raise InputError(f"{path} has no sheet with a column 'text' in its first row; name it so")


@contextmanager
def _workbook(path: Path) -> Iterator[Workbook]:
    """Open a workbook, row by row; formulas count as what they came to when it was saved."""
    try:
        from openpyxl import load_workbook
    except ImportError as error:
        raise MissingDependency(
            "reading .xlsx needs openpyxl: pip install 'mien[xlsx]', or save the sheet as .csv"
        ) from error
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(entry.file_size for entry in archive.infolist())
        if size > MAX_SCRIPT_BYTES:
            raise InputError(f"{path} holds more than {MAX_SCRIPT_BYTES // 10**6} MB; split it")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Of charts, drop-down lists and the like, which hold no dialogue.
            book = load_workbook(path, read_only=True, data_only=True)
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}; check the path") from error
    except (zipfile.BadZipFile, KeyError, ValueError, SyntaxError) as error:
        raise InputError(f"{path} is not an Excel workbook: {error}; save it anew as .xlsx or .csv") from error
    try:
        yield book
    finally:
        book.close()


def _text(cell: Any) -> str:
    """Return a cell as it reads in the sheet: whole numbers without a point."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
