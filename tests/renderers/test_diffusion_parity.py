"""Exact mode against numbers recorded from the published code (MEMO, Apache-2.0) on small random weights.

tests/data/diffusion holds a part of them; the rest lies in ../shared/memo where there is one. Tolerances are
those of ``renderers.diffusion.parity``: about twice what the recorded code differs between float32 and float64.
"""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("diffusers")

from renderers.diffusion.parity import parity_rows  # noqa: E402

HERE = Path(__file__).parents[1] / "data" / "diffusion"
SHARED = Path(__file__).parents[3] / "shared" / "memo"


def check(folder: Path, least: int) -> None:
    rows = list(parity_rows(folder))
    assert len(rows) >= least
    assert [row.case for row in rows if not row.passed] == []


def test_recorded_units_projections_and_schedule_are_reproduced() -> None:
    check(HERE, least=20)


@pytest.mark.slow
def test_recorded_networks_and_pipeline_are_reproduced() -> None:
    if not SHARED.is_dir():
        pytest.skip("needs ../shared/memo, which is not part of the repository")
    check(SHARED, least=45)


def test_names_and_shapes_of_parameters_are_the_published_ones() -> None:
    from renderers.diffusion.diffusion_net import DiffusionNet
    from renderers.diffusion.projections import AudioProjection, EmotionClassifier, ImageProjection
    from renderers.diffusion.reference_net import ReferenceNet

    published: dict[str, dict[str, tuple[int, ...]]] = {}
    with gzip.open(HERE / "parameters.tsv.gz", "rt") as lines:
        for line in lines:
            network, name, shape = line.rstrip("\n").split("\t")
            published.setdefault(network, {})[name] = tuple(int(n) for n in shape.split("x"))
    with torch.device("meta"):
        ours = {
            "reference_net": ReferenceNet(),
            "diffusion_net": DiffusionNet(),
            "audio_proj": AudioProjection(),
            "image_proj": ImageProjection(),
            "misc/audio_emotion_classifier": EmotionClassifier(),
        }
    assert set(published) == set(ours)
    for name, network in ours.items():
        assert {key: tuple(value.shape) for key, value in network.state_dict().items()} == published[name], name
