"""Text → phones: worked pronunciations, round trips, the network against torch's own layers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import checkpoints
from tts.convnext import Layers
from tts.g2p import CHECKPOINT, pack_phones, pronouncer, unpack_phones
from tts.heteronyms import part_of_speech
from tts.syllables import CONSONANTS, VOWELS, mark_primary, syllabify

PHONES = [mark + vowel for vowel in sorted(VOWELS) for mark in ("", "ˈ", "ˌ")] + sorted(CONSONANTS)


@pytest.fixture(scope="module")
def say():
    if CHECKPOINT not in checkpoints.manifest():
        pytest.skip("the dictionary's checkpoint is not in this checkout")
    return pronouncer()


def _one(say, text: str) -> str:
    return " ".join("".join(phones) for phones in say(text.split()))


@given(st.lists(st.sampled_from(PHONES)))
def test_packing_keeps_every_phone(phones):
    assert unpack_phones(pack_phones(phones)) == tuple(phones)


# Division into syllables as Merriam-Webster's online dictionary has it: ex·treme, at·las, hap·py, con·struct, mon·key.
@pytest.mark.parametrize(
    ("phones", "borders"),
    [
        ("ɪ k s t ɹ ˈi m", [0, 2]),
        ("ˈæ t l ə s", [0, 2]),
        ("h ˈæ p i", [0, 2]),
        ("k ə n s t ɹ ˈʌ k t", [0, 3]),
        ("m ˈʌ ŋ k i", [0, 3]),
        ("ˈaɪ d i ə", [0, 1, 3]),
    ],
)
def test_syllables_begin_where_a_dictionary_divides(phones, borders):
    numbers = syllabify(phones.split())
    assert [i for i in range(len(numbers)) if i == 0 or numbers[i] != numbers[i - 1]] == borders


@given(st.lists(st.sampled_from(PHONES), min_size=1, max_size=12))
def test_syllables_count_the_vowels_and_never_go_back(phones):
    numbers = syllabify(phones)
    assert max(numbers) + 1 == max(1, sum(phone.lstrip("ˈˌ") in VOWELS for phone in phones))
    assert set(np.diff(numbers)) <= {0, 1}


def test_one_primary_stress_remains():
    assert mark_primary(["ˈɪ", "n", "t", "ɚ", "n", "ˈæ", "ʃ", "ə", "n", "ə", "l"])[0] == "ˌɪ"


# Pronunciations from the Cambridge Dictionary (US), written in the project's alphabet.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hello", "həlˈoʊ"),
        ("the apple", "ði ˈæpəl"),
        ("the pear", "ðə pˈɛɹ"),
        ("thought", "θˈɔt"),
        ("I have read it", "ˈaɪ hˈæv ɹˈɛd ˈɪt"),
        ("I will read it", "ˈaɪ wˈɪl ɹˈid ˈɪt"),
        ("they record music", "ðˈeɪ ɹəkˈɔɹd mjˈuzɪk"),
        ("the record", "ðə ɹˈɛkɚd"),
        ("close the door", "klˈoʊz ðə dˈɔɹ"),
        ("very close", "vˈɛɹi klˈoʊs"),
    ],
)
def test_words_sound_as_in_a_dictionary(say, text, expected):
    assert _one(say, text) == expected


def test_initials_are_spelt_and_shouted_words_are_not(say):
    assert _one(say, "XQJ") == "ˈɛkskjˈudʒˈeɪ"
    assert _one(say, "STOP") == _one(say, "stop")


def test_a_new_word_has_one_vowel_sound_for_each_vowel(say):
    (phones,) = say(["blorptastic"])
    assert sum(phone.lstrip("ˈˌ") in VOWELS for phone in phones) == 3
    assert sum(phone.startswith("ˈ") for phone in phones) == 1


def test_names_with_accents_and_apostrophes(say):
    assert say(["Zoë"]) == say(["Zoe"])
    assert say(["dragon's"])[0][-1] == "z"
    assert say(["cat's"])[0][-1] == "s"


@given(st.text(max_size=40))
def test_any_text_is_spoken_with_phones_of_the_alphabet(text):
    if CHECKPOINT not in checkpoints.manifest():
        pytest.skip("the dictionary's checkpoint is not in this checkout")
    allowed = VOWELS | CONSONANTS
    for phones in pronouncer()(text.split()):
        assert {phone.lstrip("ˈˌ") for phone in phones} <= allowed


def test_phone_error_on_held_out_words(say):
    metrics = checkpoints.load(CHECKPOINT).entry["metrics"]
    assert metrics["phone_error"] <= 0.09


@pytest.mark.parametrize(
    ("sentence", "index", "expected"),
    [
        ("they will present the present", 2, "v"),
        ("they will present the present", 4, "n"),
        ("he has wound the clock", 2, "p"),
        ("she refused to use it", 3, "v"),
    ],
)
def test_part_of_speech(sentence, index, expected):
    assert part_of_speech(sentence.split(), index) == expected


def test_numpy_blocks_equal_torchs_layers(rng):
    torch = pytest.importorskip("torch")
    from torch import nn

    width, hidden, kernel = 6, 14, 5
    depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
    norm, up, down = nn.LayerNorm(width), nn.Linear(width, hidden), nn.Linear(hidden, width)
    scale = torch.rand(width)
    nn.init.normal_(norm.weight)
    x = torch.tensor(rng.standard_normal((1, 17, width)), dtype=torch.float32)
    with torch.no_grad():
        y = depthwise(x.transpose(1, 2)).transpose(1, 2)
        expected = x + scale * down(nn.functional.gelu(up(norm(y)), approximate="tanh"))
    weights = {f"b.0.{n}.{k}": v.detach().numpy() for n, m in (("norm", norm), ("up", up), ("down", down))
               for k, v in m.named_parameters()}  # fmt: skip
    weights |= {"b.0.depthwise.weight": depthwise.weight.detach().numpy()[:, :, None],
                "b.0.depthwise.bias": depthwise.bias.detach().numpy(), "b.0.scale": scale.numpy()}  # fmt: skip
    found = Layers(weights).blocks("b", 1, x[0].numpy())
    np.testing.assert_allclose(found, expected[0].numpy(), atol=2e-6)  # float32 sums in another order
