"""Small models of coqui-tts's own classes with random weights, as folders on the disk.

coqui-tts imports torchaudio and torchcodec, which do not go with a CPU build of torch: where they are missing, stubs
stand in for the import and for what is called (reading a file, resampling, mel spectra).
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import json
import sys
import types
from math import gcd
from pathlib import Path

import numpy as np
import pytest
import soundfile

IPA = "abdefhijklmnopstuvwzæðŋɑɔəɛɡɪɹʃʊʌʒθ"
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def available() -> None:
    """Skip where coqui-tts is not installed; make it importable where only its sound libraries are missing."""
    if importlib.util.find_spec("TTS") is None:
        pytest.skip("coqui-tts is not installed; it is in the extra 'coqui', not among the test tools")
    if "torchaudio" not in sys.modules and importlib.util.find_spec("torchaudio") is None:
        _stub()


def _stub() -> None:
    import torch

    for name in ("torchaudio", "torchaudio.functional", "torchaudio.transforms", "torchcodec"):
        module = types.ModuleType(name)
        module.__spec__ = importlib.machinery.ModuleSpec(name, None)
        sys.modules[name] = module
    audio = sys.modules["torchaudio"]
    audio.functional, audio.transforms = sys.modules["torchaudio.functional"], sys.modules["torchaudio.transforms"]

    class MelSpectrogram(torch.nn.Module):
        def __init__(self, sample_rate=16000, n_fft=400, win_length=None, hop_length=None, n_mels=128, **rest):
            super().__init__()
            import librosa

            self.sizes, self.power = (n_fft, hop_length or n_fft // 2, win_length or n_fft), rest.get("power") or 2.0
            low, high = rest.get("f_min") or 0.0, rest.get("f_max")
            bank = librosa.filters.mel(
                sr=sample_rate, n_fft=n_fft, n_mels=n_mels, fmin=low, fmax=high, htk=True, norm=None
            )
            self.bank = torch.tensor(bank)

        def forward(self, wave):
            window = torch.hann_window(self.sizes[2])
            return self.bank @ torch.stft(wave, *self.sizes, window, return_complex=True).abs() ** self.power

    def resample(wave, old, new):
        from scipy.signal import resample_poly

        shared = gcd(old, new)
        return torch.tensor(resample_poly(wave.numpy(), new // shared, old // shared, axis=-1).astype(np.float32))

    def load(path):
        wave, rate = soundfile.read(str(path), dtype="float32", always_2d=True)
        return torch.from_numpy(wave.T.copy()), rate

    audio.transforms.MelSpectrogram, audio.functional.resample, audio.load = MelSpectrogram, resample, load


def vits(folder: Path, *, characters: str = LETTERS, speakers: int = 0, seed: int = 0) -> Path:
    """Write a small VITS."""
    import torch
    from TTS.tts.configs.shared_configs import CharactersConfig
    from TTS.tts.configs.vits_config import VitsArgs, VitsConfig
    from TTS.tts.models.vits import Vits

    torch.manual_seed(seed)
    arguments = VitsArgs(
        hidden_channels=16, hidden_channels_ffn_text_encoder=32, num_heads_text_encoder=2, num_layers_text_encoder=1,
        num_layers_posterior_encoder=1, num_layers_flow=1, upsample_initial_channel_decoder=16, use_sdp=False,
        resblock_kernel_sizes_decoder=[3], resblock_dilation_sizes_decoder=[[1, 3, 5]],
        use_speaker_embedding=speakers > 1, speaker_embedding_channels=8,
    )  # fmt: skip
    config = VitsConfig(
        model_args=arguments, use_phonemes=False, add_blank=True,
        text_cleaner="basic_cleaners", speakers=[str(number) for number in range(speakers)] or None,
        characters=CharactersConfig(
            characters_class="TTS.tts.models.vits.VitsCharacters", pad="_", eos="&", bos="*", blank="<BLNK>",
            characters=characters, punctuations="ˈˌː!',.? -", phonemes="",
        ),
    )  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    model = Vits(config)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    return folder


def gst(folder: Path, styles: dict[str, dict[str, float]]) -> Path:
    """Write a small Tacotron 2 with style tokens."""
    import torch
    from TTS.tts.configs.shared_configs import CharactersConfig, GSTConfig
    from TTS.tts.configs.tacotron2_config import Tacotron2Config
    from TTS.tts.models.tacotron2 import Tacotron2

    torch.manual_seed(0)
    config = Tacotron2Config(
        use_gst=True, gst=GSTConfig(gst_embedding_dim=8, gst_num_heads=2, gst_num_style_tokens=4), r=1,
        encoder_in_features=512, decoder_in_features=512, max_decoder_steps=60, use_phonemes=False,
        text_cleaner="basic_cleaners",
        characters=CharactersConfig(
            characters_class="TTS.tts.utils.text.characters.Graphemes", pad="_", eos="&", bos="*", blank=None,
            characters=LETTERS, punctuations="!',.? -", phonemes="",
        ),
    )  # fmt: skip
    config.audio.griffin_lim_iters = 10  # the least that it allows
    folder.mkdir(parents=True, exist_ok=True)
    model = Tacotron2(config)
    config.save_json(str(folder / "config.json"))
    torch.save({"model": model.state_dict(), "config": config.to_dict()}, folder / "model.pth")
    (folder / "styles.json").write_text(json.dumps(styles), encoding="utf-8")
    return folder


def xtts(folder: Path, emotions: tuple[str, ...] = ("joy", "anger")) -> Path:
    """Write a small XTTS with a neutral and some emotional references."""
    import torch
    from tokenizers import Tokenizer, models
    from TTS.tts.configs.xtts_config import XttsArgs, XttsConfig
    from TTS.tts.layers.xtts.tokenizer import VoiceBpeTokenizer
    from TTS.tts.models.xtts import Xtts

    torch.manual_seed(0)
    (folder / "references").mkdir(parents=True, exist_ok=True)
    special = ["[STOP]", "[UNK]", "[SPACE]", "[START]", "[en]"]
    vocabulary = {token: number for number, token in enumerate([*special, *LETTERS, *"'.,!?"])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token="[UNK]"))
    tokenizer.add_special_tokens(special)
    tokenizer.save(str(folder / "vocab.json"))
    arguments = XttsArgs(
        gpt_layers=1, gpt_n_model_channels=32, gpt_n_heads=2, gpt_max_audio_tokens=60, gpt_num_audio_tokens=34,
        gpt_start_audio_token=32, gpt_stop_audio_token=33, gpt_use_perceiver_resampler=True, decoder_input_dim=32,
    )  # fmt: skip
    config = XttsConfig(model_args=arguments, languages=["en"])
    config.save_json(str(folder / "config.json"))
    model = Xtts(config)
    model.tokenizer = VoiceBpeTokenizer(vocab_file=str(folder / "vocab.json"))
    model.init_models()
    torch.save({"model": model.state_dict()}, folder / "model.pth")
    rng = np.random.default_rng(0)
    for name in ("neutral", *emotions):
        soundfile.write(str(folder / "references" / f"{name}.wav"), 0.1 * rng.standard_normal(22_050), 22_050)
    return folder
