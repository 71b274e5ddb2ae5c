"""Time, memory and utilisation of the diffusion renderer at the published size; parts of ``diffusion.py``."""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusion_proxy import ProxyHead

from renderers.diffusion.model import TalkingHead
from renderers.diffusion.sampling import FAST, Sampling
from renderers.diffusion.work import SD_VAE, count_window, parts_of

#: TFLOP of one 16-frame window at 512² with 20 guided steps, counted on the published code.
COUNTED = {
    "resnets and sampling": 268,
    "reference + image attention": 393,
    "audio modules": 269,
    "motion modules": 264,
    "VAE decode": 40,
    "reference net and preparation": 26,
    "VAE encode": 19,
}


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


def published_size(dtype: torch.dtype, kind_of_head: type[TalkingHead] = TalkingHead, **options: Any) -> TalkingHead:
    """The networks at their published size with random weights on the card."""
    from diffusers import AutoencoderKL

    from renderers.diffusion.diffusion_net import DiffusionNet
    from renderers.diffusion.projections import AudioProjection, ImageProjection
    from renderers.diffusion.reference_net import ReferenceNet

    torch.manual_seed(0)
    kinds: list[Callable[[], Any]] = [
        lambda: AutoencoderKL(**SD_VAE), ReferenceNet, DiffusionNet, ImageProjection, AudioProjection
    ]  # fmt: skip
    networks = []
    with torch.device("cuda"):
        for kind in kinds:
            networks.append(torch.nn.Module.to(kind(), dtype).eval().requires_grad_(False))
    return kind_of_head(*networks, **options)


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
    for part, module in parts_of(head.diffusion_net):
        clock.watch(part, module)
    clock.watch("reference net and preparation", head.reference_net)
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
    half, full = torch.bfloat16, torch.float32
    runs: list[tuple[str, Sampling, bool, str, torch.dtype, type[TalkingHead], dict[str, Any]]] = [
        ("published execution (proxy), float32", Sampling(), True, "none", full, ProxyHead, {}),
        ("published execution (proxy), bfloat16", Sampling(), True, "none", half, ProxyHead, {}),
        ("exact, face embedding", Sampling(), True, "none", half, TalkingHead, {}),
        ("exact, no face embedding", Sampling(), False, "none", half, TalkingHead, {}),
        ("exact, CUDA graph", Sampling(), False, "graph", half, TalkingHead, {}),
        ("exact, compiled", Sampling(), False, "compile", half, TalkingHead, {}),
        ("fast", FAST, False, "none", half, TalkingHead, {}),
        ("fast, CUDA graph", FAST, False, "graph", half, TalkingHead, {}),
        ("fast, offload", FAST, False, "none", half, TalkingHead, {"offload": True}),
    ]
    frame_s: dict[str, float] = {}
    for name, sampling, with_face, kind, dtype, head_kind, options in runs:
        head = None
        try:
            head = published_size(dtype, head_kind, **options)
            if head_kind is TalkingHead:
                accelerate(head, kind)
            frame_s[name], cells = timed(head, sampling, with_face, arguments.windows)
            print(f"| {name} | {cells} |", flush=True)
        except Exception as error:
            print(f"| {name} | failed: {str(error).splitlines()[0]} |", flush=True)
        del head
        torch.cuda.empty_cache()
    against = frame_s.get("published execution (proxy), bfloat16")
    for name, seconds in frame_s.items():
        if against:
            print(f"{name}: {against / seconds:.1f}× the proxy in bfloat16")
    utilisation()
    if arguments.peer:
        peer(Path(arguments.peer))


def timed(head: TalkingHead, sampling: Sampling, with_face: bool, windows: int) -> tuple[float, str]:
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
    return frame_s, f"{times[0]:.2f} | {frame_s:.4f} | {1 / frame_s:.1f} | {peak:.1f} | {growth:.1f}"


def utilisation() -> None:
    head = published_size(torch.bfloat16)
    draw(head, Sampling(), 512, 1, False)
    state = head.start(torch.rand(3, 512, 512) * 2 - 1, None, seed=1)
    mixtures = torch.eye(10)[3].repeat(16, 1)
    head.finish(state, head.window(state, torch.randn(16, 5, 12, 768), mixtures, Sampling()), Sampling())
    with watched(head) as clock:
        torch.cuda.synchronize()
        began = time.perf_counter()
        for _ in range(2):
            head.finish(state, head.window(state, torch.randn(16, 5, 12, 768), mixtures, Sampling()), Sampling())
        seconds = clock.seconds()
        whole = time.perf_counter() - began
    ours = count_window(Sampling())
    print("\n| part | s a window | share | TFLOP, published | TFLOP, ours | TFLOP/s, ours |")
    print("|---|---:|---:|---:|---:|---:|")
    for name, tflop in ours.items():
        spent = seconds.get(name, 0.0) / 2
        cells = f"{spent:.3f} | {200 * spent / whole:.0f} % | {COUNTED[name]} | {tflop:.0f}"
        print(f"| {name} | {cells} | {tflop / max(spent, 1e-9):.0f} |")
    total = sum(ours.values())
    print(f"| all | {whole / 2:.3f} | 100 % | {sum(COUNTED.values())} | {total:.0f} | {2 * total / whole:.0f} |")


def count(_: argparse.Namespace) -> None:
    """Operations of a later window, by torch's counter on the meta device."""
    print("\nTFLOP of a window of 16 frames at 512², counted at the published size\n")
    columns = {"exact": (Sampling(), False), "exact, face embedding": (Sampling(), True), "fast": (FAST, False)}
    counts = [count_window(sampling, face=face) for sampling, face in columns.values()]
    print(f"| part | published | {' | '.join(columns)} |\n|---|---:|" + "---:|" * len(counts))
    for part in counts[0]:
        print(f"| {part} | {COUNTED[part]} | {' | '.join(f'{c[part]:.1f}' for c in counts)} |")
    print(f"| all | {sum(COUNTED.values())} | {' | '.join(f'{sum(c.values()):.0f}' for c in counts)} |")


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
    with torch.device("cuda"):
        vae = AutoencoderKL(**SD_VAE)
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
