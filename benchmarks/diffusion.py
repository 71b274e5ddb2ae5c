"""Figures of the diffusion renderer, in one command: ``python benchmarks/diffusion.py``.

Parts (all by default, or name some): ``parity`` against numbers recorded from the published code; ``shortcuts``, the
difference that each shortcut of the fast mode makes; ``overfit``, whether training makes the label move the picture
(minutes); ``face``, the same on clips of a drawn portrait, seen by the face landmarker (minutes; ``--sheet PNG`` saves
the frames); ``memory``, resident over three minutes of video by tiny networks (minutes); ``count``, operations of a
window at the published size, on any machine; ``speed``, time, memory and utilisation at the published size with random
weights, on a CUDA machine, beside our networks run without anything that ours saves (see ``diffusion_proxy.py``).
``--peer FOLDER`` times the published code too, from a checkout of https://github.com/memoavatar/memo.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import astuple, replace
from pathlib import Path

import numpy as np
import torch
from diffusion_speed import count, draw, published_size, speed
from PIL import Image

from renderers.diffusion.sampling import FAST, Sampling

ROOT = Path(__file__).parents[1]
#: Noises and sounds under which each label is drawn.
FACE_SEEDS = 3
RECORDED = ROOT.parent / "shared" / "memo"


def parity(_: argparse.Namespace) -> None:
    from renderers.diffusion.parity import parity_rows

    folder = RECORDED if RECORDED.is_dir() else ROOT / "tests" / "data" / "diffusion"
    print(f"\nParity with the published code on small random weights ({folder.name}/)\n")
    print(f"| {'case':58s} | largest difference | tolerance | of |\n|{'-' * 60}|---:|---:|---:|")
    rows = list(parity_rows(folder))
    for row in rows:
        mark = "" if row.passed else "  FAILS"
        print(f"| {row.case:58s} | {row.difference:.1e} | {row.tolerance:.0e} | {row.scale:.3g} |{mark}")
    print(f"\n{sum(row.passed for row in rows)} of {len(rows)} within tolerance")


def psnr_db(a: torch.Tensor, b: torch.Tensor) -> float:
    return float(-10 * torch.log10(((a.float() - b.float()) ** 2).mean()))


def shortcuts(arguments: argparse.Namespace) -> None:
    cuda = torch.cuda.is_available()
    if cuda:
        head, side, exact, windows = published_size(torch.bfloat16), 512, Sampling(), 2
        print("\nWhat each shortcut changes, published size, random weights, bfloat16, 512², 2 windows of 16 frames\n")
    else:
        from renderers.diffusion.tiny import tiny_head

        head, side, exact, windows = tiny_head(), 64, Sampling(frames=4, past_frames=4), 2
        print("\nWhat each shortcut changes, small random networks on the CPU, 64², 2 windows of 4 frames\n")
    reference = draw(head, exact, side, windows)
    fine = draw(head, replace(exact, steps=80), side, windows)
    print("(random weights have a rougher flow than trained ones: read the order, not the height)\n")
    print("| shortcut | network rows a window | PSNR to exact, dB | PSNR to 80 steps, dB |\n|---|---:|---:|---:|")
    for name, sampling in {
        "exact: 20 Euler steps": exact,
        "10 Euler steps": replace(exact, steps=10),
        "10 Heun calls": replace(exact, steps=10, sampler="heun"),
        "10 DPM-Solver++ steps": replace(exact, steps=10, sampler="dpm++"),
        "10 UniPC steps": replace(exact, steps=10, sampler="unipc"),
        "no guidance below sigma 0.15": replace(exact, guidance_interval=(0.15, 1.0)),
        "past frames kept as latents": replace(exact, past="latents"),
        "fast mode (all, 8 steps)": replace(FAST, frames=exact.frames, past_frames=exact.past_frames),
    }.items():
        frames = draw(head, sampling, side, windows)
        rows = (sampling.steps + sampling.guided_steps) * sampling.frames
        print(f"| {name} | {rows} | {psnr_db(frames, reference):.1f} | {psnr_db(frames, fine):.1f} |")
    same = draw(head, exact, side, windows, with_face=False)
    from renderers.diffusion.state import VideoState

    known, VideoState.one_half = VideoState.one_half, property(lambda self: False)
    both = draw(head, exact, side, windows, with_face=False)
    VideoState.one_half = known
    print(f"| one half for both when there is no face embedding | | {psnr_db(same, both):.1f} | |")


def memory(_: argparse.Namespace) -> None:
    import resource

    from conditioning import Motion
    from renderers.diffusion.renderer import DiffusionRenderer
    from renderers.diffusion.tiny import tiny_features, tiny_head

    torch.set_num_threads(1)
    page = resource.getpagesize()
    portrait = ROOT / "examples" / "portraits" / "mira.png"
    for mode in ("exact", "fast"):
        renderer = DiffusionRenderer(
            portrait, head=tiny_head(), features=tiny_features(), resolution=64, steps=1, mode=mode
        )
        print(f"\nResident memory, tiny networks on the CPU, {mode} mode, MB at each half minute of video")
        for number, _frame in enumerate(renderer.frames(Motion.still(180.0), None, fps=30, size=(64, 64))):
            if number % 900 == 150 or number == 5399:
                resident = int(Path("/proc/self/statm").read_text().split()[1]) * page
                print(f"{number / 30:5.0f} s: {resident / 1e6:.0f}", flush=True)


def overfit(arguments: argparse.Namespace) -> None:
    from renderers.diffusion.rehearsal import FRAMES, MOODS, cartoon, draw_mood, measure, rehearse

    print(f"\nOverfitting small networks on five cartoon clips, {arguments.overfit_steps} steps\n")
    began = time.perf_counter()

    def say(step: int, loss: float) -> None:
        print(f"step {step:5d}  loss {loss:.4f}  {time.perf_counter() - began:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        head, features = rehearse(arguments.work or Path(folder), arguments.overfit_steps, progress=say)
    sampling = Sampling(steps=10, guidance=1.5, frames=FRAMES, past_frames=FRAMES)
    print("\n| emotion | smile, px (clip) | brow tilt, px (clip) | brow raise, px (clip) |\n|---|---:|---:|---:|")
    half = {f"half {name}": 0.5 * mood for name, mood in MOODS.items() if mood}
    for name, mood in {**MOODS, **half}.items():
        seen = [measure(frame) for frame in draw_mood(head, features, mood, sampling, windows=3)]
        shown = measure(cartoon(mood, 0.5))
        cells = []
        for key in ("smile", "brow_tilt", "brow_raise"):
            cells.append(f"{np.mean([getattr(s, key) for s in seen]):+.1f} ({getattr(shown, key):+.1f})")
        print(f"| {name} | {' | '.join(cells)} |")


def face(arguments: argparse.Namespace) -> None:
    from renderers.diffusion.face_rehearsal import FACE_MOODS, FaceClips, draw_face, measure_faces, rehearse_face
    from renderers.diffusion.rehearsal import FRAMES
    from renderers.face import Landmarker

    print(f"\nOverfitting small networks on four clips of a portrait, {arguments.face_steps} steps\n")
    torch.set_num_threads(1)
    clips, began = FaceClips(ROOT / "examples" / "portraits" / "mira.png"), time.perf_counter()

    def say(step: int, loss: float) -> None:
        print(f"step {step:5d}  loss {loss:.4f}  {time.perf_counter() - began:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        head, features = rehearse_face(clips, arguments.work or Path(folder), arguments.face_steps, progress=say)
    sampling = Sampling(steps=10, guidance=1.5, frames=FRAMES, past_frames=FRAMES)
    labels = [(name, mood, 1.0) for name, mood in FACE_MOODS.items()]
    labels += [(name, 0.5 * mood, 0.5) for name, mood in FACE_MOODS.items() if mood]
    seen, sheet = [], []
    with Landmarker() as landmarker:
        for name, mood, share in labels:
            both = []  # drawn and clip of each seed
            for seed in range(FACE_SEEDS):
                frames, openness = draw_face(head, features, clips, mood, sampling, windows=6, seed=seed)
                shown = clips.draw(name, openness, share)
                both.append([astuple(measure_faces(landmarker, one)) for one in (frames, shown)])
                if seed == 0:
                    sheet.append(np.concatenate([*shown[2::4], *frames[2::4]], axis=1))
            seen.append(both)
    values = np.array(seen)  # (labels, seeds, drawn or clip, measures)
    print(f"\npx of 128, change from neutral: drawn (clip), seeds of {FACE_SEEDS} with the clip's sign\n")
    print("| emotion | mouth width | corner height | brow height | mouth opening |\n|---|---:|---:|---:|---:|")
    for (name, _, share), one in zip(labels, values, strict=True):
        change = one if name == "neutral" else one - values[0]
        drawn, clip = change.mean(0)
        same = (np.sign(change[:, 0]) == np.sign(change[:, 1].mean(0))).sum(0)
        cells = [f"{d:+.1f} ({c:+.1f}), {s}" for d, c, s in zip(drawn, clip, same, strict=True)]
        print(f"| {'half ' * (share < 1)}{name} | {' | '.join(cells)} |")
    if arguments.sheet:
        Image.fromarray(np.concatenate(sheet)).save(arguments.sheet)


PARTS = {
    "parity": parity,
    "shortcuts": shortcuts,
    "memory": memory,
    "overfit": overfit,
    "face": face,
    "count": count,
    "speed": speed,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "parts", nargs="*", choices=[*PARTS, []], help="parts to run; all but memory, overfit and face when absent"
    )
    parser.add_argument("--overfit-steps", type=int, default=3000)
    parser.add_argument("--face-steps", type=int, default=2000)
    parser.add_argument("--sheet", type=Path, help="picture of the frames that face measures, the clip's on the left")
    parser.add_argument("--windows", type=int, default=5, help="windows of each timed run")
    parser.add_argument("--peer", help="checkout of the published code, timed as well")
    parser.add_argument("--work", type=Path, help="folder of the overfitting; stopped, it goes on from there")
    arguments = parser.parse_args()
    for name in arguments.parts or ["parity", "shortcuts", "count", "speed"]:
        PARTS[name](arguments)


if __name__ == "__main__":
    main()
