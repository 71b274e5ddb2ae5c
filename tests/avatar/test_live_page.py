"""The page in headless Chromium: it shows the curves that were sent."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from avatar.live import stream
from avatar.take import Take
from conditioning import ARKIT_NAMES


@pytest.mark.slow
@pytest.mark.parametrize("face", ["neutral", "person"])
def test_the_page_shows_what_is_sent(
    long_take: Take, portrait: Path, face: str, importers: ModuleType, tmp_path: Path
) -> None:
    pytest.importorskip("websockets")
    modules = importers.node_modules("puppeteer-core")
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("needs chromium")
    port = 8791 if face == "neutral" else 8792
    take = replace(long_take, portrait=portrait if face == "person" else None)
    listening = threading.Event()
    options = {"wait_s": None, "ready": listening.set}
    threading.Thread(target=stream, args=(take, f"ws://127.0.0.1:{port}"), kwargs=options, daemon=True).start()
    assert listening.wait(120)
    script, picture = Path(__file__).parent / "importers" / "page_shot.cjs", tmp_path / "page.png"
    command = ["node", str(script), f"http://127.0.0.1:{port}/", browser, str(picture)]
    environment = {**os.environ, "NODE_PATH": str(modules)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False, env=environment)
    match = re.search(r"^RESULT(.*)$", done.stdout, re.MULTILINE)
    assert match, done.stdout + done.stderr
    shown = json.loads(match[1])
    assert [problem for problem in shown["problems"] if "favicon" not in problem and "404" not in problem] == []
    weights = [shown["weights"][name] for name in ARKIT_NAMES]
    np.testing.assert_allclose(weights, take.motion.weights[shown["index"]], atol=1e-6)
    from PIL import Image

    pixels = np.asarray(Image.open(picture).convert("RGB"), np.float64)
    assert pixels[200:400, 150:360].mean() > 2 * pixels[5:40, 5:200].mean()  # a face before a dark ground
