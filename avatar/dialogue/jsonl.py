"""JSON Lines: one object a line, with the fields of :class:`~avatar.dialogue.script.ScriptLine`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from avatar.dialogue.script import ScriptLine, read_text
from avatar.dialogue.table import line_of
from checkpoints.errors import InputError

__all__ = ["read_jsonl"]


def read_jsonl(path: Path) -> Iterator[ScriptLine]:
    """Yield the lines of a ``.jsonl`` file; ``lang`` and ``id`` are read like ``language`` and ``line_id``.

    Raises
    ------
    InputError
        If a line is not a JSON object with text fields.
    """
    for number, raw in enumerate(read_text(path).splitlines(), start=1):
        if not raw.strip():
            continue
        try:
            record = json.loads(raw)
        except ValueError as error:
            raise InputError(f"{path}:{number}: not JSON: {error}") from error
        if not isinstance(record, dict) or any(isinstance(value, (dict, list)) for value in record.values()):
            raise InputError(f'{path}:{number}: each line is one flat object such as {{"speaker": …, "text": …}}')
        fields = {str(key): "" if value is None else str(value) for key, value in record.items()}
        fields.setdefault("language", fields.get("lang", ""))
        fields.setdefault("line_id", fields.get("id", ""))
        yield line_of(fields, f"{path.name}:{number}")
