"""``mien doctor``: what works here."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from importlib.util import find_spec
from typing import Any

import click

from checkpoints.errors import BackendError

__all__ = ["Finding", "doctor", "examine"]


@dataclass(frozen=True)
class Finding:
    """One backend, and whether it works here.

    Attributes
    ----------
    kind, name, summary, licence : str
        As the registry has them.
    ready : bool
        Whether it can be used now.
    missing : str
        What it lacks and the command that mends it; empty if nothing.
    """

    kind: str
    name: str
    summary: str
    licence: str
    ready: bool
    missing: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="The same as JSON, for programs.")
def doctor(as_json: bool) -> None:
    """Show which voices, renderers and writers work here, what is missing, and all licences."""
    machine, findings, weights = describe_machine(), examine(), describe_checkpoints()
    if as_json:
        report = {"machine": machine, "backends": [asdict(finding) for finding in findings], "checkpoints": weights}
        click.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    click.echo("".join(f"{key:<10} {value}\n" for key, value in machine.items()))
    _print_findings(findings)
    click.echo("\nWeights that ship with mien (all hashes checked)")
    for entry in weights:
        click.echo(f"  {entry['name']:<14} {entry['mb']:>6.1f} MB  {entry['licence']}: {entry['attribution']}")


def examine() -> list[Finding]:
    """Examine every registered voice, renderer and writer."""
    from avatar.export import WRITERS
    from renderers import RENDERERS
    from tts import VOICES

    backends = [_examine_backend(registry, name) for registry in (VOICES, RENDERERS) for name in registry]
    return [*backends, *(_examine_writer(name, WRITERS) for name in sorted(WRITERS)), _examine_credentials()]


def describe_machine() -> dict[str, str]:
    """Return what the speed depends on."""
    return {
        "mien": version("mien"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores",
        "device": _device(),
    }


def describe_checkpoints() -> list[dict[str, Any]]:
    """Return name, size, licence and attribution of each shipped checkpoint, after checking its hash."""
    from checkpoints import load, manifest

    for name in manifest():
        load(name)
    return [
        {
            "name": name,
            "mb": entry["bytes"] / 1e6,
            "licence": entry["licence"],
            "attribution": entry["attribution"],
            "made_by": entry["made_by"],
        }
        for name, entry in sorted(manifest().items())
    ]


def _examine_backend(registry: Any, name: str) -> Finding:
    try:
        info = registry.load(name).info
    except BackendError as error:
        return Finding(registry.kind, name, "", "", False, str(error))
    missing = _missing(info.requires)
    if info.needs_cuda and "CUDA" not in _device():
        missing.append("needs a CUDA device")
    speakers = f"; speakers {', '.join(info.speakers)}" if getattr(info, "speakers", ()) else ""
    return Finding(registry.kind, name, info.summary + speakers, info.licence, not missing, "; ".join(missing))


def _examine_writer(suffix: str, registry: Any) -> Finding:
    try:
        writer = registry.load(suffix)
    except BackendError as error:
        return Finding("writer", suffix, "", "", False, str(error))
    summary = (writer.__doc__ or "").strip().splitlines()[0].partition("; see")[0].replace("``", "")
    missing = _missing(getattr(writer, "requires", {}))
    return Finding("writer", suffix, summary, "", not missing, "; ".join(missing))


def _examine_credentials() -> Finding:
    from renderers.credentials import REQUIRES

    missing = _missing(REQUIRES)
    summary = "Content Credentials: a signed record in .mp4 and .gif that says that they are generated"
    return Finding("extra", "c2pa", summary, "Apache-2.0 or MIT", not missing, "; ".join(missing))


def _missing(requires: Mapping[str, str]) -> list[str]:
    """Return the commands that install what is not there, each once."""
    return list(dict.fromkeys(command for module, command in requires.items() if find_spec(module) is None))


def _device() -> str:
    if find_spec("torch") is None:
        return "CPU (torch is not installed; the embedded backends do not need it)"
    import torch

    if torch.cuda.is_available():
        return f"CUDA {torch.version.cuda}: {torch.cuda.get_device_name()}"
    return "CPU"


def _print_findings(findings: list[Finding]) -> None:
    for kind in dict.fromkeys(finding.kind for finding in findings):
        click.echo(f"{kind.capitalize()}s")
        for finding in (f for f in findings if f.kind == kind):
            mark = click.style("ready  ", fg="green") if finding.ready else click.style("missing", fg="yellow")
            licence = f"  [{finding.licence}]" if finding.licence else ""
            click.echo(f"  {finding.name:<12} {mark}  {finding.summary}{licence}")
            if finding.missing:
                click.echo(f"  {'':<12}          {finding.missing}")
