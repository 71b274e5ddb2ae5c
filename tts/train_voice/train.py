"""Train acoustic model and prosody encoder together for a given time; interrupted runs go on where they were."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from tts.daisy.network import FRAMES_PER_STEP, N_OUT, Sizes
from tts.daisy.prosody_encoder import N_COLUMNS
from tts.daisy.style import N_STYLE, N_TIMBRE, UNITS, axis

from .data import Item, Statistics, collate, load_item, statistics
from .losses import PROSODY_SPEAKERS, acoustic_loss, prosody_loss
from .model import AcousticModel
from .prosody_data import ReferenceSet
from .prosody_model import ProsodyModel
from .style_space import Timbre
from .styles import C0_PER_DB, StyleMix, draw_style, restyle

__all__ = ["PROSODY_SPEAKERS", "SPEAKERS", "Styles", "TrainingPlan", "draw", "load_items", "train"]

SPEAKERS: tuple[str, ...] = ("festival", "rms", "lj")  # folders of prepared features, in the model's order
SHARES: Mapping[str, float] = {"festival": 0.68, "rms": 0.2, "lj": 0.12}
REPORT_STEPS, SAVE_STEPS = 25, 100
#: A network that begins with shipped weights keeps most of what it knows.
WARM_RATE = 0.25


@dataclass(frozen=True)
class TrainingPlan:
    """Numbers of a run.

    Attributes
    ----------
    minutes : float
        Wall time over all resumptions; the last 30 % lower the rate to zero.
    batch_size, references : int
        Crops of the teachers, and of real speech for the prosody encoder, in a step.
    rate : float
        Peak of AdamW's learning rate.
    ema : float
        Decay of the averaged weights, which are the ones that ship.
    heard : float
        Share of steps in which the acoustic model gets u from the encoder instead of the drawn one.
    whole : float
        Share of steps in which encoder and decoder learn too, not only durations, melody and the prosody encoder.
    threads : int
    seed : int
    sizes : Sizes
    """

    minutes: float = 45.0
    batch_size: int = 8
    references: int = 8
    rate: float = 1.8e-3
    ema: float = 0.998
    heard: float = 0.25
    whole: float = 1.0
    threads: int = 1
    seed: int = 0
    sizes: Sizes = field(default_factory=lambda: Sizes(style=N_STYLE))


@dataclass(frozen=True, eq=False)
class Styles:
    """Where styles come from: places of the emotions in u, axes of the timbre, real speech."""

    emotions: npt.NDArray[np.float64]
    timbre: Timbre
    references: ReferenceSet
    mix: StyleMix = field(default_factory=StyleMix)


def load_items(folder: Path, held: frozenset[str], known: dict[str, Item]) -> list[Item]:
    """Read utterances that were prepared since the last call; ``known`` grows."""
    for speaker, name in enumerate(SPEAKERS):
        for path in sorted((folder / name).glob("*.npz")):
            key = f"{name}/{path.stem}"
            if key not in known and path.stem not in held and not path.stem.endswith(".partial"):
                try:
                    known[key] = load_item(path, speaker)
                except (ValueError, OSError, EOFError):
                    continue  # still being written; the next call reads it
    return list(known.values())


def draw(
    items: Sequence[Item], stats: Statistics, plan: TrainingPlan, styles: Styles, rng: np.random.Generator
) -> dict[str, Tensor]:
    """Draw a batch in which every speaker that is there has its share, each utterance in a style of its own."""
    by_speaker = [[item for item in items if item.speaker == k] for k in range(len(SPEAKERS))]
    shares = np.array([SHARES[name] if own else 0.0 for name, own in zip(SPEAKERS, by_speaker, strict=True)])
    counts = rng.multinomial(plan.batch_size, shares / shares.sum())
    chosen = [own[i] for own, n in zip(by_speaker, counts, strict=True) for i in rng.integers(max(1, len(own)), size=n)]
    rows = []
    for item in chosen:
        u = np.repeat(draw_style(styles.emotions, styles.mix, rng)[None], len(item.ids), axis=0)
        if rng.random() < styles.mix.changing:
            u[int(rng.integers(len(u))) :] = draw_style(styles.emotions, styles.mix, rng)
        rows.append((restyle(item, u, styles.timbre, float(stats.f0_mean[item.speaker]), rng), u))
    return collate(rows, stats, rng)


@lru_cache(maxsize=1)
def faster_in_bfloat16() -> bool:
    """Time a layer both ways: bfloat16 is twice as fast on processors that have it, seven times slower on others."""
    times = []
    for kind in (torch.float32, torch.bfloat16):
        x, weight = torch.randn(400, 256, dtype=kind), torch.randn(640, 256, dtype=kind)
        nn.functional.linear(x, weight)
        start = time.process_time()
        for _ in range(5):
            nn.functional.linear(x, weight)
        times.append(time.process_time() - start)
    return times[1] < times[0]


@dataclass
class _Run:
    """What changes from step to step, and is saved."""

    model: AcousticModel
    prosody: ProsodyModel
    optimiser: torch.optim.Optimizer
    statistics: Statistics
    average: dict[str, Tensor]
    prosody_average: dict[str, Tensor]
    step: int = 0
    spent: float = 0.0

    def step_once(
        self, plan: TrainingPlan, batch: Mapping[str, Tensor], real: Mapping[str, Tensor]
    ) -> dict[str, float]:
        """Take one step of the optimiser and return the parts of the loss."""
        part = self.spent / (plan.minutes * 60)
        for group in self.optimiser.param_groups:
            group["lr"] = group["peak"] * min(1.0, (self.step + 1) / 200) * min(1.0, max(0.0, 1.0 - part) / 0.3)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=faster_in_bfloat16()):
            u, second, more = prosody_loss(self.prosody, batch, real)
            style, steps = batch["style"], batch["step_style"]
            if torch.rand(()) < plan.heard:
                heard = batch["constant"][:, None, None]
                style = torch.where(heard, u[:, None].float().expand_as(style), style)
                steps = torch.where(heard, u[:, None].float().expand_as(steps), steps)
            whole = bool(torch.rand(()) < plan.whole)
            first, parts = acoustic_loss(self.model, batch, style, steps, whole=whole)
        self.optimiser.zero_grad(set_to_none=True)
        (first + second).backward()
        for network in (self.model, self.prosody):
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        self.optimiser.step()
        self.step += 1
        decay = min(plan.ema, self.step / (self.step + 20))
        for average, network in ((self.average, self.model), (self.prosody_average, self.prosody)):
            for name, tensor in network.state_dict().items():
                average[name].lerp_(tensor, 1 - decay)
        return parts | more

    def save(self, out: Path, styles: Styles, sizes: Sizes) -> None:
        """Write all that is needed to go on, and to export."""
        state = {name: getattr(self, name) for name in ("average", "prosody_average", "statistics", "step", "spent")}
        state |= {name: getattr(self, name).state_dict() for name in ("model", "prosody", "optimiser")}
        state |= {"warm": len(self.optimiser.param_groups) > 1}
        state |= {"sizes": json.dumps(asdict(sizes)), "emotions": styles.emotions, "timbre": styles.timbre}
        partial = out.with_suffix(".partial")
        torch.save(state, partial)
        partial.replace(out)


def train(
    folder: Path, out: Path, held: frozenset[str], plan: TrainingPlan, styles: Styles, *, warm: bool = False
) -> Iterator[dict[str, float]]:
    """Train and yield a report every 25 steps; ``out`` is written every 100 steps and holds all to go on.

    Parameters
    ----------
    folder : Path
        Prepared features, a folder for each of :data:`SPEAKERS`.
    out : Path
        State of the training.
    held : frozenset of str
        Lines that are not trained on.
    plan : TrainingPlan
    styles : Styles
    warm : bool
        Begin with the shipped weights, where there is no state yet.
    """
    torch.set_num_threads(plan.threads)
    torch.manual_seed(plan.seed)
    known: dict[str, Item] = {}
    items = load_items(folder, held, known)
    run = _start(out, items, plan, styles, warm)
    rng = np.random.default_rng([plan.seed, run.step])
    clock, sums = time.time(), dict[str, list[float]]()
    while run.spent < plan.minutes * 60:
        if run.step % SAVE_STEPS == 0 and run.step:
            items = load_items(folder, held, known)
        batch = draw(items, run.statistics, plan, styles, rng)
        for name, value in run.step_once(plan, batch, styles.references.batch(plan.references, rng)).items():
            sums.setdefault(name, []).append(value)
        run.spent, clock = run.spent + time.time() - clock, time.time()
        if run.step % REPORT_STEPS == 0:
            yield {"step": run.step, "minutes": run.spent / 60, "items": len(items), **_means(sums)}
            sums = {}
        if run.step % SAVE_STEPS == 0 or run.spent >= plan.minutes * 60:
            run.save(out, styles, plan.sizes)


def _means(sums: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: float(np.nanmean(values)) if np.isfinite(values).any() else 0.0 for name, values in sums.items()}


def _start(out: Path, items: Sequence[Item], plan: TrainingPlan, styles: Styles, warm: bool) -> _Run:
    """Build everything, as saved, as shipped, or fresh."""
    model = AcousticModel(plan.sizes)
    mean, std = _columns(styles.references)
    prosody = ProsodyModel(len(SPEAKERS) + 1 + int(styles.references.speakers.max()), mean, std)
    stats, state = statistics(items, plan.sizes.speakers), None
    fresh = list(model.parameters())
    kept: list[nn.Parameter] = []
    if out.exists():
        state = torch.load(out, weights_only=False)  # our own file, on the trainer's machine
        warm = state.get("warm", warm)
    if warm:
        stats, names = _shipped(model, stats)
        kept = [p for name, p in model.named_parameters() if name in names]
        fresh = [p for name, p in model.named_parameters() if name not in names]
        if "duration_style.weight" not in names:
            prime(model, stats, styles.timbre)
    groups = [{"params": [*fresh, *prosody.parameters()], "peak": plan.rate}]
    groups += [{"params": kept, "peak": plan.rate * WARM_RATE}] if kept else []
    optimiser = torch.optim.AdamW(groups, lr=plan.rate, betas=(0.9, 0.98), weight_decay=0.01)
    if state is None:
        first, second = ({n: t.clone() for n, t in network.state_dict().items()} for network in (model, prosody))
        return _Run(model, prosody, optimiser, stats, first, second)
    model.load_state_dict(state["model"])
    for name in ("prosody", "prosody_average"):  # more recordings may have come: their speakers need a new head
        own = prosody.state_dict()
        state[name] = {k: t if t.shape == own[k].shape else own[k].clone() for k, t in state[name].items()}
    prosody.load_state_dict(state["prosody"])
    optimiser.load_state_dict(state["optimiser"])
    for parameter in [p for p, kept in optimiser.state.items() if kept["exp_avg"].shape != p.shape]:
        del optimiser.state[parameter]
    return _Run(
        model, prosody, optimiser, state["statistics"], state["average"], state["prosody_average"],
        state["step"], state["spent"],
    )  # fmt: skip


def _columns(references: ReferenceSet) -> tuple[list[float], list[float]]:
    """Return mean and deviation of what the encoder reads, over real speech."""
    from tts.daisy.prosody_encoder import columns

    table = np.concatenate([columns(r.targets, r.log_f0, r.voiced) for r in references.items])
    assert table.shape[1] == N_COLUMNS
    return table.mean(0).tolist(), (table.std(0) + 1e-3).tolist()


@torch.no_grad()
def prime(model: AcousticModel, stats: Statistics, timbre: Timbre) -> None:
    """Let the heads' direct paths from u do what the axes mean, for the first speaker: a start, nothing is fixed.

    What differs between phones (vowels stretch, silences keep their colour) is left to the modulated blocks.
    """
    level, loudness = axis("f0_level_st"), axis("loudness_db")
    model.pitch_style.weight[:, level] = UNITS["f0_level_st"] * np.log(2.0) / 12.0 / float(stats.f0_std[0])
    for name in ("vowel_ln", "consonant_ln"):
        model.duration_style.weight[0, axis(name)] = 0.5 * UNITS[name] / float(stats.duration_std[0])
    colour = np.zeros((FRAMES_PER_STEP, N_OUT, N_TIMBRE))
    colour[:, :63] = ((0.7 * timbre.voiced + 0.3 * timbre.unvoiced) / stats.target_std[0]).T
    weight = model.decoder_style.weight.view(FRAMES_PER_STEP, N_OUT, N_STYLE)
    weight[:, :, -N_TIMBRE:] = torch.from_numpy(colour).float()
    weight[:, 0, loudness] = C0_PER_DB * UNITS["loudness_db"] / float(stats.target_std[0, 0])


def _shipped(model: AcousticModel, stats: Statistics) -> tuple[Statistics, set[str]]:
    """Load the shipped weights into the parts that it has; return its statistics and the names of those parts."""
    import checkpoints
    from tts.daisy.model import CHECKPOINT

    tensors: Mapping[str, npt.NDArray[Any]] = checkpoints.load(CHECKPOINT).tensors
    own = model.state_dict()
    shipped = {name[8:]: torch.from_numpy(t.astype(np.float32)) for name, t in tensors.items() if name[8:] in own}
    model.load_state_dict({**own, **shipped})
    names = {"target_mean": "mean", "target_std": "std"}
    tables = {}
    for name in asdict(stats):
        stored = np.asarray(tensors[f"statistics.{names.get(name, name)}"], np.float32)
        rows = [stored, np.repeat(stored[:1], len(getattr(stats, name)) - len(stored), axis=0)]
        tables[name] = np.concatenate(rows)
    return replace(stats, **tables), set(shipped)
