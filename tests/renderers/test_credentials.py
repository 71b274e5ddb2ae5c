"""Content Credentials: read back by the Content Authenticity Initiative's own reader."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import numpy as np
import pytest

from checkpoints.errors import InputError
from renderers import credentials
from renderers.credentials import CERTIFICATE, KEY, check_signer, sign
from renderers.video import write_video

c2pa = pytest.importorskip("c2pa", reason="the extra c2pa is not installed")


@pytest.fixture
def video(tmp_path: Path) -> Path:
    path = tmp_path / "hello.mp4"
    frames = np.random.default_rng(0).integers(0, 255, (5, 32, 32, 3), np.uint8)
    write_video(path, iter(frames), None, n_frames=5, fps=25.0, size=(32, 32))
    return path


def failures(path: Path) -> set[str]:
    results = c2pa.Reader(str(path)).get_validation_results()
    return {one["code"] for one in results["activeManifest"]["failure"]}


def record(path: Path) -> dict:
    manifests = json.loads(c2pa.Reader(str(path)).json())
    return manifests["manifests"][manifests["active_manifest"]]


@pytest.mark.parametrize(("from_portrait", "source"), [(True, "compositeWith"), (False, "trainedAlgorithmicMedia")])
def test_record_says_that_the_video_is_generated(video: Path, from_portrait: bool, source: str) -> None:
    sign(video, "Hello!", from_portrait=from_portrait)
    read = record(video)
    (action,) = next(one for one in read["assertions"] if one["label"].startswith("c2pa.actions"))["data"]["actions"]
    assert read["title"] == "Hello!"
    assert action["action"] == "c2pa.created"
    assert action["digitalSourceType"].rpartition("/")[2].startswith(source)
    assert failures(video) == {"signingCredential.untrusted"}
    assert [path.name for path in video.parent.iterdir()] == ["hello.mp4"]


def test_a_changed_picture_breaks_the_signature(video: Path) -> None:
    sign(video, "Hello!", from_portrait=True)
    data = bytearray(video.read_bytes())
    data[data.index(b"mdat") + 40] ^= 1
    video.write_bytes(data)
    assert "assertion.bmffHash.mismatch" in failures(video)


def openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)


def test_own_certificate_signs(video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chain made by OpenSSL, with a key of another kind."""
    at = {name: str(tmp_path / name) for name in ("ca.key", "ca.pem", "own.key", "own.csr", "own.pem", "own.ext")}
    Path(at["own.ext"]).write_text(
        "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage=emailProtection\n"
        "subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n"
    )
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    usage = ("-addext", "keyUsage=critical,keyCertSign")
    try:
        openssl(
            "req", "-x509", *curve, "-keyout", at["ca.key"], "-out", at["ca.pem"], "-subj", "/O=A/CN=A root", *usage
        )
        openssl("req", *curve, "-keyout", at["own.key"], "-out", at["own.csr"], "-subj", "/O=A studio/CN=A studio")
        openssl("x509", "-req", "-in", at["own.csr"], "-CA", at["ca.pem"], "-CAkey", at["ca.key"], "-CAcreateserial",
                "-out", at["own.pem"], "-extfile", at["own.ext"])  # fmt: skip
    except FileNotFoundError:
        pytest.skip("openssl is not installed")
    Path(at["own.pem"]).write_text(Path(at["own.pem"]).read_text() + Path(at["ca.pem"]).read_text())
    monkeypatch.setenv(CERTIFICATE, at["own.pem"])
    monkeypatch.setenv(KEY, at["own.key"])
    check_signer()
    sign(video, "Hello!", from_portrait=True)
    assert record(video)["signature_info"]["issuer"] == "A studio"
    assert failures(video) == {"signingCredential.untrusted"}


@pytest.mark.parametrize("files", [(CERTIFICATE,), (KEY,), (CERTIFICATE, KEY)])
def test_half_a_signer_and_an_unreadable_one_are_refused(
    files: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in files:
        monkeypatch.setenv(name, str(tmp_path / "none.pem"))
    with pytest.raises(InputError, match=r"both"):
        check_signer()


@pytest.mark.parametrize("missing", credentials.REQUIRES)
def test_half_of_the_extra_signs_nothing(video: Path, missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = video.read_bytes()
    monkeypatch.setattr(credentials, "find_spec", lambda name: None if name == missing else name)
    check_signer()
    sign(video, "Hello!", from_portrait=True)
    assert video.read_bytes() == before


def test_a_suffix_in_capitals_is_signed_too(video: Path) -> None:
    loud = video.rename(video.with_name("HELLO.MP4"))
    sign(loud, "Hello!", from_portrait=True)
    assert record(loud)["title"] == "Hello!"


def test_without_the_library_the_file_stays(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = video.read_bytes()
    monkeypatch.setattr(credentials, "find_spec", lambda name: None)
    monkeypatch.setenv(KEY, os.devnull)
    check_signer()
    sign(video, "Hello!", from_portrait=True)
    assert video.read_bytes() == before
