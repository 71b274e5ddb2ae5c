"""Start the programs of this folder."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent


def node_modules(*packages: str) -> Path:
    """The folder of npm packages, or a skip."""
    folder = Path(os.environ.get("MIEN_NODE_MODULES", "node_modules"))
    missing = [name for name in packages if not (folder / name).is_dir()]
    if missing or not shutil.which("node"):
        pytest.skip(f"needs node and `npm install {' '.join(packages)}`, MIEN_NODE_MODULES naming the folder")
    return folder


def validate(*files: Path) -> list[dict[str, Any]]:
    """Run Khronos' validator."""
    folder = node_modules("gltf-validator")
    command = ["node", str(HERE / "validate.cjs"), *map(str, files)]
    done = subprocess.run(
        command, env={**os.environ, "NODE_PATH": str(folder)}, capture_output=True, text=True, check=True, timeout=120
    )
    reports: list[dict[str, Any]] = json.loads(done.stdout)
    return reports


def blender(script: str, *arguments: object) -> dict[str, Any]:
    """Run a script of this folder in Blender and return what it prints after RESULT."""
    folder = os.environ.get("MIEN_BPY")
    if not folder or not Path(folder, "bpy").exists():
        pytest.skip("needs Blender: `pip install --target FOLDER bpy`, MIEN_BPY naming the folder")
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": folder}, capture_output=True, text=True, check=False, timeout=600
    )
    found = re.search(r"^RESULT(.*)$", done.stdout, re.MULTILINE)
    assert found, done.stdout[-1000:] + done.stderr[-2000:]
    result: dict[str, Any] = json.loads(found[1])
    return result


def chromium(page: str, files: dict[str, Path], *, picture: Path | None = None, query: str = "") -> dict[str, Any]:
    """Open a page of this folder in headless Chromium and return the JSON that it leaves in ``#result``."""
    modules = node_modules("three")
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("needs chromium")
    routes = {"/": HERE / page, **{f"/{name}": path for name, path in files.items()}}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.split("?")[0]
            file = modules.parent / path[1:] if path.startswith("/node_modules/") else routes.get(path)
            if path.startswith("/node_modules/"):
                file = modules / path.removeprefix("/node_modules/")
            if file is None or not file.is_file():
                self.send_error(404)
                return
            body = file.read_bytes()
            kinds = {".js": "text/javascript", ".html": "text/html"}
            self.send_response(200)
            self.send_header("Content-Type", kinds.get(file.suffix, "application/octet-stream"))
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/?{query}"
        with tempfile.TemporaryDirectory() as profile:
            base = [
                browser, "--headless=new", "--no-sandbox", "--disable-gpu-sandbox", "--use-gl=angle",
                "--use-angle=swiftshader", "--enable-unsafe-swiftshader", f"--user-data-dir={profile}",
                "--virtual-time-budget=60000", "--window-size=512,512",
            ]  # fmt: skip
            run = functools.partial(subprocess.run, capture_output=True, text=True, check=False, timeout=240)
            done = run([*base, "--dump-dom", url])
            if picture is not None:
                run([*base, f"--screenshot={picture}", url])
        server.shutdown()
    found = re.search(r'id="result"[^>]*>(\{.*?\})</pre>', done.stdout, re.DOTALL)
    assert found, done.stdout[-800:] + done.stderr[-1500:]
    result: dict[str, Any] = json.loads(found[1])
    return result
