"""``mien train``: remake the shipped checkpoints from public data."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from avatar.commands.options import Command

DATA = click.argument("data", type=click.Path(exists=True, file_okay=False, path_type=Path))
OUTPUT = click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the checkpoint and its manifest. Default: the installed package's own.",
)


def _work(folder: str, holds: str) -> Callable[[Command], Command]:
    """Return the option that names the folder of an interrupted training."""
    return click.option(
        "--work",
        type=click.Path(file_okay=False, path_type=Path),
        default=Path(folder),
        show_default=True,
        help=f"Folder for {holds}; an interrupted training goes on from there.",
    )


@click.group()
def train() -> None:
    """Remake one of the shipped checkpoints, or fine-tune your own weights of the diffusion renderer.

    Training data is never downloaded: each command says what it needs and from where to get it.
    """


@train.command()
@DATA
@OUTPUT
def rig(data: Path, output: Path | None) -> None:
    """Remake the 478-point face rig from an ICT-FaceKit folder.

    DATA holds ict_neutral_plus_57_deltas.npz, the neutral head and the 57 expression deltas of ICT-FaceKit
    (MIT, https://github.com/USC-ICT/ICT-FaceKit).
    """
    from checkpoints.store import FOLDER
    from renderers.train_rig import train_rig

    folder = output or FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(train_rig(data, folder / "face_rig.safetensors"))


@train.command()
@DATA
@OUTPUT
@_work("reader-training", "finished stages")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the network.")
@click.option("--epochs", type=click.IntRange(1, 100), default=3, show_default=True, help="Of the network.")
def reader(data: Path, output: Path | None, work: Path, seed: int, epochs: int) -> None:
    """Remake the reader of emotions in text. Needs torch: pip install 'mien[train]'.

    DATA holds the folders goemotions, xed, emobank and ljspeech, each as it is published; see
    conditioning/reader_data.py for the files that are read.
    """
    import logging

    from conditioning.train_reader import train_reader

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    click.echo(train_reader(data, output, work=work, seed=seed, epochs=epochs))


@train.command()
@DATA
@OUTPUT
@_work("voice-training", "sound, features and states")
@click.option(
    "--part",
    default="all",
    show_default=True,
    help="prepare, letters, phrasing, directions, acoustic, flow, export; or calibrate: the shipped voice again.",
)
@click.option("--minutes", type=click.FloatRange(1.0), default=60.0, show_default=True, help="Of the acoustic model.")
@click.option(
    "--flow-minutes", type=click.FloatRange(0.0), default=30.0, show_default=True, help="Of the flow decoder; 0: none."
)
@click.option(
    "--whole",
    type=click.FloatRange(0.0, 1.0),
    default=1.0,
    show_default=True,
    help="Share of the steps that train all; the others, five times faster, train durations and melody.",
)
@click.option("--warm-start", is_flag=True, help="Begin with the shipped weights.")
@click.option(
    "--decoder", type=click.Choice(["l1", "flow"]), default="l1", show_default=True, help="Of the exported voice."
)
@click.option(
    "--book-lines",
    "n_book",
    type=click.IntRange(300),
    default=1500,
    show_default=True,
    help="Lines of LJSpeech's text.",
)
@click.option(
    "--subtitle-lines", "n_subtitle", type=click.IntRange(1), default=600, show_default=True, help="Lines of XED."
)
@click.option(
    "--flite-lines", "n_flite", type=click.IntRange(300), default=700, show_default=True, help="Of those, for rowan."
)
@click.option(
    "--corpus",
    "corpora",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    multiple=True,
    help="Folder of ESD or EmoV-DB, as it is published: more acted emotions. May be repeated.",
)
@click.option("--threads", type=click.IntRange(1, 64), default=1, show_default=True, help="Of torch.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of all networks.")
def voice(data: Path, output: Path | None, work: Path, part: str, warm_start: bool, **numbers: Any) -> None:
    """Remake the daisy voice and its dictionary. Needs torch: pip install 'mien[train,test]'.

    DATA holds the folders ljspeech, xed, emodb and librispeech, each as it is published. The teachers are Debian
    packages: apt-get install festival festvox-us-slt-hts flite.

    \b
    ESD:      FOLDER/0011/0011.txt, FOLDER/0011/Angry/0011_000351.wav … (English speakers: 0011 to 0020)
    EmoV-DB:  FOLDER/bea/Amused/amused_1-15_0001.wav …, with CMU ARCTIC's cmuarctic.data beside them
    """
    from checkpoints.store import FOLDER
    from tts.train_voice.pipeline import VoiceTraining, run

    out = output or FOLDER
    out.mkdir(parents=True, exist_ok=True)
    run(VoiceTraining(data, work, out, warm=warm_start, **numbers), part, click.echo)


@train.command("sound-emotion")
@DATA
@OUTPUT
def sound_emotion(data: Path, output: Path | None) -> None:
    """Remake the classifier of emotions in a voice: a minute.

    DATA holds emodb/flac, the Berlin Database of Emotional Speech (CC0).
    """
    from avatar.train_sound_emotion import train_sound_emotion

    click.echo(", ".join(f"{name} {value}" for name, value in train_sound_emotion(data, output).items()))


@train.command()
@DATA
@OUTPUT
@_work("motion-training", "the corpus and states")
@click.option(
    "--steps",
    type=click.IntRange(0),
    default=6000,
    show_default=True,
    help="Of the diffusion model; 0 keeps the shipped one.",
)
@click.option("--size", type=click.IntRange(16, 512), default=160, show_default=True, help="Of the diffusion model.")
@click.option("--lip-steps", type=click.IntRange(1), default=6000, show_default=True, help="Of the lip network.")
@click.option("--lines", type=click.IntRange(1), default=300, show_default=True, help="Of espeak-ng, and of flite.")
@click.option("--own-lines", type=click.IntRange(1), default=900, show_default=True, help="Of daisy's three speakers.")
@click.option("--fine-tune", is_flag=True, help="Start the lip network from the shipped one.")
@click.option("--people/--no-people", default=True, show_default=True, help="Align recordings; needs pocketsphinx.")
@click.option(
    "--readers/--keep-readers",
    default=True,
    show_default=True,
    help="Fit the reader of openings and the classifier of people, or keep the shipped ones.",
)
@click.option("--seed", type=int, default=0, show_default=True)
def motion(
    data: Path,
    output: Path | None,
    work: Path,
    steps: int,
    size: int,
    lip_steps: int,
    lines: int,
    own_lines: int,
    fine_tune: bool,
    people: bool,
    readers: bool,
    seed: int,
) -> None:
    """Remake the models that perform a recording. Needs torch: pip install 'mien[train,align]'.

    DATA holds the folders ljspeech (metadata_all.csv, metadata32.csv, wavs), librispeech and emodb (flac), each as
    far as it is there, and facegood (NAME.npz with NAME.flac). flite is used where it is installed.
    """
    from avatar.train_motion.diffusion import DiffusionTraining
    from avatar.train_motion.lips import LipTraining
    from avatar.train_motion.pipeline import MotionTraining, train_motion
    from checkpoints.store import FOLDER

    plan = MotionTraining(
        data,
        work,
        output or FOLDER,
        lines=lines,
        own_lines=own_lines,
        people=people,
        readers=readers,
        diffusion=DiffusionTraining(steps=steps, size=size, seed=seed),
        lips=LipTraining(steps=lip_steps, seed=seed),
        fine_tune=fine_tune,
        seed=seed,
    )
    click.echo(train_motion(plan, click.echo))


@train.command()
@DATA
@click.option("--from", "start", metavar="FOLDER|ID", help="Weights to begin from. Default: MIEN_DIFFUSION_WEIGHTS.")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("diffusion-training"),
    show_default=True,
    help="Folder of the states and the result; an interrupted training goes on from there.",
)
@click.option("--steps", type=click.IntRange(1), default=20_000, show_default=True, help="Of the optimiser.")
@click.option("--learning-rate", type=click.FloatRange(0, 1, min_open=True), default=1e-5, show_default=True)
@click.option("--parts", default="emotion,audio,motion", show_default=True, help="emotion, audio, motion, or all.")
@click.option("--ema", type=click.FloatRange(0, 1, max_open=True), default=0.999, show_default=True, help="Of weights.")
@click.option("--accumulate", type=click.IntRange(1), default=1, show_default=True, help="Windows a step and card.")
@click.option("--save-every", type=click.IntRange(1), default=500, show_default=True, help="Steps between states.")
@click.option("--resolution", type=click.IntRange(64, 1024), default=512, show_default=True, help="Side in pixels.")
@click.option("--vae", metavar="FOLDER|ID", help="Default: vae/ in the weights' folder, else from the hub.")
@click.option("--wav2vec", metavar="FOLDER|ID", help="Default: wav2vec2/ in the weights' folder, else from the hub.")
@click.option("--device", default="auto", show_default=True, metavar="NAME", help="cuda, cuda:1 or cpu.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16", "fp16"]), default="auto", show_default=True)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
def diffusion(
    data: Path, start: str | None, output: Path, steps: int, parts: str, resolution: int, vae: str | None,
    wav2vec: str | None, device: str, precision: str, **settings: Any,
) -> None:  # fmt: skip
    """Fine-tune the diffusion renderer, so that an emotion moves its picture. Needs pip install 'mien[diffusion]'.

    DATA holds clips of faces with sound and labels.csv with the columns clip,emotion (as in `mien say -e`), and, if
    you like, start_s,end_s for stretches of a clip, and person: clips of one person lend each other their portraits,
    without which the label has little to say. The result loads with `mien say --renderer diffusion --weights FOLDER`.
    On several cards: accelerate launch -m avatar train diffusion …

    \b
    mien train diffusion clips/ --from memo -o tuned --steps 20000
    """
    from checkpoints.errors import MissingDependency

    try:
        from renderers.diffusion.training import Training, train_diffusion
    except ImportError as error:
        raise MissingDependency(f"training needs {error.name}: pip install 'mien[diffusion]'") from error
    chosen = Training(steps=steps, parts=tuple(p.strip() for p in parts.split(",") if p.strip()), **settings)
    folder = train_diffusion(
        data, start, output, chosen, vae=vae, wav2vec=wav2vec, resolution=resolution, device=device,
        precision=precision, progress=_Pace(steps),
    )  # fmt: skip
    click.echo(folder)


class _Pace:
    """Prints step, loss, steps a second and the time left."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.first: tuple[int, float] | None = None

    def __call__(self, step: int, loss: float) -> None:
        now = time.monotonic()
        text = f"step {step}/{self.steps}  loss {loss:.4f}"
        if self.first is not None and step > self.first[0]:
            pace = (step - self.first[0]) / (now - self.first[1])
            text += f"  {pace:.2f} steps/s, {(self.steps - step) / pace / 60:.0f} min left"
        self.first = self.first or (step, now)
        click.echo(text, err=True)
