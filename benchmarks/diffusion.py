"""Figures of the diffusion renderer, in one command: ``python benchmarks/diffusion.py``.

Parts (all by default, or name some): ``parity`` against numbers recorded from the published code; ``shortcuts``, the
difference that each shortcut of the fast mode makes; ``overfit``, whether training makes the label move the picture
(minutes); ``speed``, time, memory and utilisation at the published size with random weights, on a CUDA machine.
``--peer FOLDER`` times the published code too, from a checkout of https://github.com/memoavatar/memo.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from renderers.diffusion.model import TalkingHead
from renderers.diffusion.sampling import FAST, Sampling

ROOT = Path(__file__).parents[1]
RECORDED = ROOT.parent / "shared" / "memo"
#: TFLOP of one 16-frame window at 512² with 20 guided steps, counted on the published code.
COUNTED = {
    "resnets and sampling": 268,
    "reference + image attention": 393,
    "audio modules": 269,
    "motion modules": 264,
    "VAE decode": 40,
    "reference net": 26,
    "VAE encode": 19,
}


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


def draw(head: TalkingHead, sampling: Sampling, side: int, windows: int, with_face: bool = True) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    portrait = torch.rand(3, side, side, generator=generator) * 2 - 1
    face = torch.randn(512, generator=generator) if with_face else None
    state = head.start(portrait, face, seed=0)
    config = head.audio_proj.config
    mixtures = torch.eye(10)[3].repeat(sampling.frames, 1)
    frames = []
    for _ in range(windows):
        shape = (sampling.frames, config.seq_len, config.blocks, config.channels)
        sound = torch.randn(shape, generator=generator)
        frames.append(head.finish(state, head.window(state, sound, mixtures, sampling), sampling).cpu())
    return torch.cat(frames)


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
        low, high = sampling.guidance_interval
        guided = sum(low <= 1 - i / sampling.steps <= high for i in range(sampling.steps))
        rows = (sampling.steps + guided) * sampling.frames
        print(f"| {name} | {rows} | {psnr_db(frames, reference):.1f} | {psnr_db(frames, fine):.1f} |")
    same = draw(head, exact, side, windows, with_face=False)
    from renderers.diffusion.state import VideoState

    known, VideoState.one_half = VideoState.one_half, property(lambda self: False)
    both = draw(head, exact, side, windows, with_face=False)
    VideoState.one_half = known
    print(f"| one half for both when there is no face embedding | | {psnr_db(same, both):.1f} | |")


def overfit(arguments: argparse.Namespace) -> None:
    from renderers.diffusion.rehearsal import FRAMES, MOODS, cartoon, draw_mood, measure, rehearse

    print(f"\nOverfitting small networks on five cartoon clips, {arguments.overfit_steps} steps\n")
    began = time.perf_counter()

    def say(step: int, loss: float) -> None:
        print(f"step {step:5d}  loss {loss:.4f}  {time.perf_counter() - began:.0f} s", flush=True)

    with tempfile.TemporaryDirectory() as folder:
        head, features = rehearse(Path(folder), arguments.overfit_steps, progress=say)
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


def published_size(dtype: torch.dtype, **options: Any) -> TalkingHead:
    """The networks at their published size with random weights on the card."""
    from diffusers import AutoencoderKL

    from renderers.diffusion.diffusion_net import DiffusionNet
    from renderers.diffusion.projections import AudioProjection, ImageProjection
    from renderers.diffusion.reference_net import ReferenceNet

    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    vae = {**blocks, "block_out_channels": (128, 256, 512, 512), "layers_per_block": 2, "latent_channels": 4}
    torch.manual_seed(0)
    kinds: list[Callable[[], Any]] = [
        lambda: AutoencoderKL(**vae), ReferenceNet, DiffusionNet, ImageProjection, AudioProjection
    ]  # fmt: skip
    networks = []
    with torch.device("cuda"):
        for kind in kinds:
            networks.append(torch.nn.Module.to(kind(), dtype).eval().requires_grad_(False))
    return TalkingHead(*networks, **options)


class Stopwatch:
    """Time on the card spent in each kind of module, by events at their borders."""

    def __init__(self) -> None:
        self.spans: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
        self.handles: list[Any] = []

    def watch(self, name: str, module: torch.nn.Module) -> None:
        begun: list[Any] = []

        def before(*_: Any) -> None:
            begun.append(torch.cuda.Event(enable_timing=True))
            begun[-1].record()

        def after(*_: Any) -> None:
            end = torch.cuda.Event(enable_timing=True)
            end.record()
            self.spans[name].append((begun.pop(), end))

        self.handles += [module.register_forward_pre_hook(before), module.register_forward_hook(after)]

    def seconds(self) -> dict[str, float]:
        torch.cuda.synchronize()
        return {name: sum(a.elapsed_time(b) for a, b in spans) / 1000 for name, spans in self.spans.items()}

    def close(self) -> None:
        for handle in self.handles:
            handle.remove()


@contextmanager
def watched(head: TalkingHead) -> Iterator[Stopwatch]:
    clock = Stopwatch()
    kinds = {"attentions": "reference + image attention", "audio_modules": "audio modules"}
    kinds |= {"motion_modules": "motion modules", "resnets": "resnets and sampling"}
    kinds |= {"downsamplers": "resnets and sampling", "upsamplers": "resnets and sampling"}
    for path, module in head.diffusion_net.named_modules():
        parts = path.split(".")
        if len(parts) >= 2 and parts[-2] in kinds and len(parts) <= 4:
            clock.watch(kinds[parts[-2]], module)
    clock.watch("reference net", head.reference_net)
    clock.watch("VAE decode", head.vae.decoder)
    clock.watch("VAE encode", head.vae.encoder)
    try:
        yield clock
    finally:
        clock.close()


def speed(arguments: argparse.Namespace) -> None:
    if not torch.cuda.is_available():
        print("\nSpeed: no CUDA machine is at hand, so that time, memory and utilisation at the published size were "
              "not measured. Run this command on one; it prints the tables by itself.")  # fmt: skip
        return
    from renderers.diffusion.acceleration import accelerate

    print(
        f"\nPublished size, random weights, bfloat16, 512², {torch.cuda.get_device_name()}, torch {torch.__version__}\n"
    )
    print("| run | first window, s | s a frame | frames/s | peak memory, GB | memory growth a window, MB |")
    print("|---|---:|---:|---:|---:|---:|")
    runs = [
        ("exact, no face embedding", Sampling(), False, "none", {}),
        ("exact, face embedding", Sampling(), True, "none", {}),
        ("exact, CUDA graph", Sampling(), False, "graph", {}),
        ("exact, compiled", Sampling(), False, "compile", {}),
        ("fast", FAST, False, "none", {}),
        ("fast, CUDA graph", FAST, False, "graph", {}),
        ("fast, offload", FAST, False, "none", {"offload": True}),
    ]
    for name, sampling, with_face, kind, options in runs:
        head = published_size(torch.bfloat16, **options)
        try:
            accelerate(head, kind)
            print(f"| {name} | {timed(head, sampling, with_face, arguments.windows)} |", flush=True)
        except Exception as error:
            print(f"| {name} | failed: {str(error).splitlines()[0]} |")
        del head
        torch.cuda.empty_cache()
    utilisation()
    if arguments.peer:
        peer(Path(arguments.peer))


def timed(head: TalkingHead, sampling: Sampling, with_face: bool, windows: int) -> str:
    draw(head, sampling, 512, 1, with_face)  # kernels are chosen, graphs recorded
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    times, memory = [], []
    state = head.start(torch.rand(3, 512, 512) * 2 - 1, torch.randn(512) if with_face else None, seed=1)
    mixtures = torch.eye(10)[3].repeat(sampling.frames, 1)
    for _ in range(windows):
        began = time.perf_counter()
        head.finish(state, head.window(state, torch.randn(16, 5, 12, 768), mixtures, sampling), sampling)
        torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
        memory.append(torch.cuda.memory_allocated())
    frame_s = float(np.mean(times[1:])) / sampling.frames
    growth = (memory[-1] - memory[1]) / max(1, windows - 2) / 1e6
    peak = torch.cuda.max_memory_allocated() / 1e9
    return f"{times[0]:.2f} | {frame_s:.4f} | {1 / frame_s:.1f} | {peak:.1f} | {growth:.1f}"


def utilisation() -> None:
    head = published_size(torch.bfloat16)
    draw(head, Sampling(), 512, 1, False)
    state = head.start(torch.rand(3, 512, 512) * 2 - 1, None, seed=1)
    mixtures = torch.eye(10)[3].repeat(16, 1)
    with watched(head) as clock:
        began = time.perf_counter()
        for _ in range(2):
            head.finish(state, head.window(state, torch.randn(16, 5, 12, 768), mixtures, Sampling()), Sampling())
        seconds = clock.seconds()
        whole = time.perf_counter() - began
    print("\n| part | s a window | share | TFLOP counted | TFLOP/s |\n|---|---:|---:|---:|---:|")
    for name, tflop in COUNTED.items():
        spent = seconds.get(name, 0.0) / 2
        print(f"| {name} | {spent:.3f} | {200 * spent / whole:.0f} % | {tflop} | {tflop / max(spent, 1e-9):.0f} |")
    print(f"| all | {whole / 2:.3f} | 100 % | {sum(COUNTED.values())} | {2 * sum(COUNTED.values()) / whole:.0f} |")
    print(
        "\n(counted on the published code; ours skips what is thrown away or repeated, so that TFLOP/s are effective)"
    )


def peer(folder: Path) -> None:
    """Time one later window of the published code with random weights, as its inference script calls it."""
    sys.path.insert(0, str(folder))
    from diffusers import AutoencoderKL, FlowMatchEulerDiscreteScheduler
    from memo.models.image_proj import ImageProjModel
    from memo.models.unet_2d_condition import UNet2DConditionModel
    from memo.models.unet_3d import UNet3DConditionModel
    from memo.pipelines.video_pipeline import VideoPipeline

    motion = {
        "num_attention_heads": 8, "num_transformer_block": 1, "attention_block_types": ["Temporal_Self"] * 2,
        "temporal_position_encoding": True, "temporal_position_encoding_max_len": 32, "temporal_attention_dim_div": 1,
    }  # fmt: skip
    blocks = {"down_block_types": ("DownEncoderBlock2D",) * 4, "up_block_types": ("UpDecoderBlock2D",) * 4}
    with torch.device("cuda"):
        vae = AutoencoderKL(**blocks, block_out_channels=(128, 256, 512, 512), layers_per_block=2, latent_channels=4)
        reference = UNet2DConditionModel(cross_attention_dim=768)
        network = UNet3DConditionModel(
            cross_attention_dim=768, motion_module_kwargs=motion, use_inflated_groupnorm=True, audio_attention_dim=768
        )
        image_proj = ImageProjModel(768, 512, 4)
    for module in (reference, network):
        module.enable_xformers_memory_efficient_attention()
    pipeline = VideoPipeline(
        vae=vae, reference_net=reference, diffusion_net=network, image_proj=image_proj,
        scheduler=FlowMatchEulerDiscreteScheduler(),
    ).to(device="cuda", dtype=torch.bfloat16)  # fmt: skip
    times = []
    for window in range(3):
        torch.cuda.synchronize()
        began = time.perf_counter()
        pipeline(
            ref_image=torch.rand(1, 17, 3, 512, 512) * 2 - 1, audio_tensor=torch.randn(1, 16, 32, 768),
            audio_emotion=torch.full((16,), 3), emotion_class_num=9, face_emb=torch.zeros(1, 512),
            width=512, height=512, video_length=16, num_inference_steps=20, guidance_scale=3.5,
            generator=torch.Generator().manual_seed(0), is_new_audio=window == 0,
        )  # fmt: skip
        torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    peak = torch.cuda.max_memory_allocated() / 1e9
    print(f"\nPublished code, same machine and sizes: {min(times[1:]) / 16:.4f} s a frame, peak {peak:.1f} GB")


PARTS = {"parity": parity, "shortcuts": shortcuts, "overfit": overfit, "speed": speed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="parts to run; all but overfit when absent")
    parser.add_argument("--overfit-steps", type=int, default=1200)
    parser.add_argument("--windows", type=int, default=5, help="windows of each timed run")
    parser.add_argument("--peer", help="checkout of the published code, timed as well")
    arguments = parser.parse_args()
    for name in arguments.parts or ["parity", "shortcuts", "speed"]:
        PARTS[name](arguments)


if __name__ == "__main__":
    main()
