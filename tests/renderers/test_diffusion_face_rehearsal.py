"""The label moves a drawn portrait's mouth and brows after training, as the face landmarker sees it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")
pytest.importorskip("accelerate")
pytest.importorskip("mediapipe")

from renderers.diffusion.face_rehearsal import (  # noqa: E402
    BLOCK_NUMBERS,
    FACE_MOODS,
    FaceClips,
    FaceCodec,
    LandmarkMeasures,
    draw_face,
    measure_faces,
    rehearse_face,
)
from renderers.diffusion.pixels import to_pixels  # noqa: E402
from renderers.diffusion.rehearsal import FRAMES  # noqa: E402
from renderers.diffusion.sampling import Sampling  # noqa: E402
from renderers.face import Landmarker  # noqa: E402

MIRA = Path(__file__).parents[2] / "examples" / "portraits" / "mira.png"
#: What each emotion does to a face (action units 12; 4 and 24; 1, 2 and 26: EMFACS), as measure and sign.
DIRECTIONS = {
    "joy": (("mouth_width", 1), ("corner_height", 1)),
    "anger": (("mouth_width", -1), ("corner_height", -1), ("brow_height", -1)),
    "surprise": (("brow_height", 1), ("mouth_opening", 1)),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def clips() -> FaceClips:
    return FaceClips(MIRA)


@pytest.fixture(scope="module")
def landmarker() -> Iterator[Landmarker]:
    with Landmarker() as one:
        yield one


def moved(seen: dict[str, LandmarkMeasures]) -> dict[str, float]:
    """Change from neutral along each direction that is expected."""
    return {
        f"{mood} {name}": sign * (getattr(seen[mood], name) - getattr(seen["neutral"], name))
        for mood, pairs in DIRECTIONS.items()
        for name, sign in pairs
    }


def through(codec: FaceCodec, frames: np.ndarray) -> np.ndarray:
    back = codec.decode(codec.encode(to_pixels(frames)).latent_dist.mean).sample
    return ((back / 2 + 0.5).clamp(0, 1) * 255).round().byte().permute(0, 2, 3, 1).numpy()


def test_the_codec_loses_what_no_codec_of_as_many_numbers_could_keep() -> None:
    # Eckart–Young: the least squared error of rank k is the sum of the squared singular values after the k-th.
    frames = np.random.default_rng(0).integers(0, 256, (3, 128, 128, 3)).astype(np.uint8)
    pixels = to_pixels(frames)
    codec = FaceCodec(frames)
    back = codec.decode(codec.encode(pixels).latent_dist.mean).sample
    change = (pixels - pixels.mean(0)).reshape(3, 3, 16, 8, 16, 8).permute(0, 2, 4, 1, 3, 5).reshape(-1, 192)
    lost = (np.linalg.svd(change.double().numpy(), compute_uv=False)[BLOCK_NUMBERS:] ** 2).sum()
    assert float(((back - pixels).double() ** 2).sum()) == pytest.approx(lost, rel=1e-4)


@pytest.mark.slow
def test_the_landmarker_reads_the_clips_before_and_behind_the_codec(clips: FaceClips, landmarker: Landmarker) -> None:
    drawn = {mood: clips.draw(mood, np.linspace(0, 1, 6)) for mood in FACE_MOODS}
    codec = FaceCodec(np.concatenate(list(drawn.values())))
    shown = moved({mood: measure_faces(landmarker, frames) for mood, frames in drawn.items()})
    kept = moved({mood: measure_faces(landmarker, through(codec, frames)) for mood, frames in drawn.items()})
    assert all(change > 1.0 for change in shown.values()), shown
    assert all(kept[key] > 0.5 * change for key, change in shown.items()), (kept, shown)


@pytest.mark.training
def test_the_label_moves_the_face_that_the_landmarker_sees(
    clips: FaceClips, landmarker: Landmarker, tmp_path: Path
) -> None:
    head, features = rehearse_face(clips, tmp_path, steps=2000)
    sampling = Sampling(steps=10, guidance=1.5, frames=FRAMES, past_frames=FRAMES)
    drawn, shown = {}, {}
    for name, mood in FACE_MOODS.items():  # noise and sound are the same for each
        frames, openness = draw_face(head, features, clips, mood, sampling, windows=6, seed=5)
        drawn[name] = measure_faces(landmarker, frames)
        shown[name] = measure_faces(landmarker, clips.draw(name, openness))
    seen, wanted = moved(drawn), moved(shown)
    assert all(seen[key] > 0.4 * wanted[key] > 0 for key in wanted), (seen, wanted)
