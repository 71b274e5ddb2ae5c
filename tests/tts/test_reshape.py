"""Re-shaping: times against closed forms, cues against Praat, mixtures, intensity and clean sound."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest

from conditioning import Emotion, EmotionTrack, InputError, Speech, tile
from conditioning.line import Delivery, Line, Span
from tts import open_voice
from tts.evaluate_voice import HUMAN_BANDS
from tts.level import PEAK_DB, TARGET_DB, limit, neutral_gain, speech_level_db
from tts.phonetics import kind_of
from tts.pitch import track_pitch
from tts.reshape import PlacedDelivery, reshape
from tts.timing import Piece, TimeMap

pytest.importorskip("pyworld")
pytest.importorskip("espeakng_loader")

RATE = 22_050
TEXT = "The old man sat by the window and watched the people in the street."


@lru_cache(maxsize=64)
def spoken(emotion: str, speaker: str = "woman") -> Speech:
    return open_voice("formant", speaker=speaker).speak(Line.of(TEXT, Emotion(**dict(parse(emotion)))), seed=1)


def parse(emotion: str) -> list[tuple[str, float]]:
    return [(part.split(":")[0], float(part.split(":")[1])) for part in emotion.split(",") if part]


def neutral(emotion: Emotion | None = None) -> Speech:
    """Two voiced "vowels" (harmonic tones of 150 Hz) around a stop, with silence around and between."""
    names = ["sil", "ˈɑ", "t", "ˈi", "sil", "m", "ˈɑ", "sil"]
    lengths = [2000, 4000, 1500, 4400, 3000, 2000, 5000, 4000]
    borders = np.concatenate([[0], np.cumsum(lengths)])
    times = np.arange(borders[-1]) / RATE
    tone = sum(np.sin(2 * np.pi * 150 * k * times) / k for k in range(1, 20))
    loud = np.repeat([0.0, 1.0, 0.0, 0.8, 0.0, 0.3, 1.0, 0.0], lengths)
    smooth = np.convolve(loud, np.ones(200) / 200, mode="same")
    wave = (0.1 * tone * smooth).astype(np.float32)
    words = tile(["", "ati", "", "ma", ""], [0, 2000, 11900, 14900, 21900, 25900], RATE)
    track = EmotionTrack.constant(emotion or Emotion())
    return Speech(wave, RATE, tile(names, borders.tolist(), RATE), words, track)


def durations(speech: Speech, kind: str) -> float:
    return sum(phone.duration_s for phone in speech.phones[1:-1] if kind_of(phone.symbol) == kind)


def test_neutral_stays_as_it_is() -> None:
    source = neutral()
    result = reshape(source)
    assert result.phones == source.phones
    assert result.words == source.words
    gain = neutral_gain(source.waveform, RATE)
    inside = slice(2000, 11_900)
    assert np.allclose(result.waveform[inside], gain * source.waveform[inside], atol=1e-6)
    assert speech_level_db(source.waveform * gain, RATE) == pytest.approx(TARGET_DB, abs=0.1)


def test_rate_divides_every_length() -> None:
    source = neutral()
    result = reshape(source, deliveries=[PlacedDelivery(0.0, 99.0, Delivery(rate=2.0))])
    for before, after in zip(source.phones, result.phones, strict=True):
        assert after.symbol == before.symbol
        assert after.duration_s == pytest.approx(before.duration_s / 2.0, abs=1.0 / RATE)


@pytest.mark.parametrize("emotion", ["sadness", "anger"])
def test_vowels_and_consonants_stretch_as_people_do(emotion: str) -> None:
    """Between people's quartiles (EmoDB): sadness stretches consonants most, anger vowels alone."""
    base, result = spoken(""), spoken(f"{emotion}:1")
    for kind, cue in (("vowel", "vowel_s"), ("sonorant", "consonant_s")):
        least, most = HUMAN_BANDS[emotion][cue]
        assert least < durations(result, kind) / durations(base, kind) - 1.0 < most


def test_sadness_pauses_between_words() -> None:
    base, sad = spoken(""), spoken("sadness:1")
    assert durations(base, "silence") == 0.0
    share = durations(sad, "silence") / (sad.duration_s - sad.phones[0].duration_s - sad.phones[-1].duration_s)
    assert 0.05 < share < 0.25
    assert [word.symbol for word in sad.words if word.symbol] == [word.symbol for word in base.words if word.symbol]


def test_pauses_are_put_in_where_they_are_asked_for() -> None:
    source = neutral()
    at = source.phones[4].start_s
    for emotion in (Emotion(), Emotion(joy=1.0)):
        result = reshape(Speech(source.waveform, RATE, source.phones, source.words, EmotionTrack.constant(emotion)),
                         pauses=[(at, 3.0)])  # fmt: skip
        longest = max(phone.duration_s for phone in result.phones)
        assert longest == pytest.approx(3.0 + source.phones[4].duration_s, rel=0.02)
        middle = int((result.phones[4].start_s + 1.5) * RATE)
        assert np.abs(result.waveform[middle : middle + RATE // 2]).max() < 1e-4


def test_time_map_goes_there_and_back() -> None:
    pieces = [
        Piece("ɑ", 0.0, 0.2, 0.3),
        Piece("sil", 0.2, 0.2, 0.5),
        Piece("t", 0.2, 0.3, 0.1),
        Piece("i", 0.3, 0.5, 0.1),
    ]
    plan = TimeMap(pieces, 1000)
    assert plan.borders.tolist() == [0, 300, 800, 900, 1000]
    assert plan.to_new([0.1, 0.2, 0.4]).tolist() == pytest.approx([0.15, 0.3, 0.95])
    assert plan.to_new([0.2], after_pause=True).tolist() == pytest.approx([0.8])
    assert plan.to_source([0.15, 0.5, 0.95]).tolist() == pytest.approx([0.1, 0.2, 0.4])
    # The last 25 ms of a stop keep their length.
    assert plan.to_source([0.875, 0.9]).tolist() == pytest.approx([0.275, 0.3])


def test_speech_without_phones_is_refused() -> None:
    with pytest.raises(InputError, match="phones"):
        reshape(Speech(np.zeros(1000, dtype=np.float32), RATE))


def test_limiter_holds_peaks_and_leaves_the_rest() -> None:
    times = np.arange(RATE) / RATE
    quiet = 0.5 * np.sin(2 * np.pi * 200 * times)
    assert np.array_equal(limit(quiet), quiet)
    loud = quiet * (1.0 + 3.0 * (np.abs(times - 0.5) < 0.05))
    held = limit(loud)
    assert np.abs(held).max() <= 10 ** (PEAK_DB / 20) + 1e-9
    assert np.allclose(held[: RATE // 4], loud[: RATE // 4])


# -- measured by Praat ------------------------------------------------------------------------------------------

INTENSITIES = (0.25, 0.5, 0.75, 1.0)


def praat(speech: Speech) -> dict[str, float]:
    parselmouth = pytest.importorskip("parselmouth")
    sound = parselmouth.Sound(speech.waveform.astype(np.float64), speech.sample_rate)
    f0 = sound.to_pitch_ac(0.01, 60.0, pitch_ceiling=650.0).selected_array["frequency"]
    semitones = 12 * np.log2(f0[f0 > 0])
    ltas = sound.to_spectrum()
    power = np.abs(ltas.values[0] + 1j * ltas.values[1]) ** 2
    bins = np.arange(len(power)) * ltas.dx
    treble, bass = power[(bins >= 1000) & (bins <= 5000)].sum(), power[(bins >= 50) & (bins < 1000)].sum()
    hnr = sound.to_harmonicity_cc().values
    return {
        "f0_st": float(semitones.mean()),
        "range_st": float(np.percentile(semitones, 95) - np.percentile(semitones, 5)),
        "alpha_db": float(10 * np.log10(treble / bass)),
        "hnr_db": float(hnr[hnr > -100].mean()),
        "level_db": speech_level_db(speech.waveform, speech.sample_rate),
    }


@pytest.mark.parametrize(
    ("emotion", "cue", "low", "high"),
    [
        # Quartiles of the people's change from neutral (EmoDB), a little wider at the end that a limiter or a
        # different neutral range moves.
        ("anger", "f0_st", 7.0, 11.1), ("joy", "f0_st", 6.3, 11.3), ("fear", "f0_st", 4.3, 8.8),
        ("sadness", "f0_st", -3.1, -0.3), ("disgust", "f0_st", 1.9, 4.6),
        ("anger", "alpha_db", 5.0, 13.9), ("joy", "alpha_db", 3.0, 10.6), ("sadness", "alpha_db", -7.5, -2.5),
        ("fear", "alpha_db", 0.2, 5.2), ("disgust", "alpha_db", 0.6, 5.0),
        ("anger", "range_st", 0.5, 5.1), ("joy", "range_st", 0.5, 6.1), ("sadness", "range_st", -5.1, -0.8),
        ("anger", "level_db", 2.0, 9.0), ("joy", "level_db", 2.0, 7.0), ("sadness", "level_db", -8.0, -3.0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("speaker", ["woman", "man"])
def test_cues_move_as_peoples_do(emotion: str, cue: str, low: float, high: float, speaker: str) -> None:
    change = praat(spoken(f"{emotion}:1", speaker))[cue] - praat(spoken("", speaker))[cue]
    assert low <= change <= high


@pytest.mark.parametrize(
    ("emotion", "cue", "sign"),
    [("anger", "f0_st", 1), ("anger", "alpha_db", 1), ("joy", "f0_st", 1), ("joy", "level_db", 1),
     ("sadness", "level_db", -1), ("sadness", "alpha_db", -1), ("fear", "f0_st", 1), ("surprise", "f0_st", 1)],
)  # fmt: skip
def test_intensity_is_monotone(emotion: str, cue: str, sign: int) -> None:
    values = [sign * praat(spoken(""))[cue]] + [sign * praat(spoken(f"{emotion}:{k}"))[cue] for k in INTENSITIES]
    assert all(later > earlier - 0.15 for earlier, later in pairwise(values[1:]))
    assert values[-1] > values[0] + 1.0


def test_slower_with_more_sadness() -> None:
    lengths = [spoken("").duration_s] + [spoken(f"sadness:{k}").duration_s for k in INTENSITIES]
    assert all(later > earlier for earlier, later in pairwise(lengths))


@pytest.mark.parametrize(("one", "other"), [("joy", "sadness"), ("anger", "sadness"), ("fear", "trust")])
def test_mixtures_lie_between(one: str, other: str) -> None:
    first, second = praat(spoken(f"{one}:1")), praat(spoken(f"{other}:1"))
    mixed = praat(spoken(f"{one}:0.5,{other}:0.5"))
    for cue in ("f0_st", "alpha_db", "level_db"):
        assert min(first[cue], second[cue]) < mixed[cue] < max(first[cue], second[cue]), cue


@pytest.mark.parametrize("emotion", ["", "joy:1", "anger:1", "sadness:1", "surprise:1,fear:1,anger:1"])
@pytest.mark.parametrize("speaker", ["woman", "man"])
def test_sound_is_clean(emotion: str, speaker: str) -> None:
    """No clipping between the samples either, no step at the ends, nothing in the silences."""
    speech = spoken(emotion, speaker)
    wave = speech.waveform.astype(np.float64)
    size = 4 * len(wave)
    spectrum = np.zeros(size // 2 + 1, dtype=complex)
    spectrum[: len(wave) // 2 + 1] = np.fft.rfft(wave)
    true_peak = np.abs(np.fft.irfft(spectrum, size) * 4).max()
    assert 20 * np.log10(true_peak) < -1.0
    assert np.abs(wave[:50]).max() < 1e-3
    assert np.abs(wave[-50:]).max() < 1e-3
    for phone in speech.phones:
        if phone.symbol == "sil" and phone.duration_s > 0.12:
            inside = wave[int((phone.start_s + 0.05) * RATE) : int((phone.end_s - 0.05) * RATE)]
            assert np.abs(inside).max() < 0.01


def test_f0_and_energy_belong_to_the_sound() -> None:
    speech = spoken("joy:1")
    found = track_pitch(speech.waveform.astype(np.float64) / 2, RATE, speech.phones)
    count = min(len(found), len(speech.f0_hz))
    both = (found[:count] > 0) & (speech.f0_hz[:count] > 0) & (speech.f0_hz[:count] < 400)
    assert both.sum() > 0.3 * count
    assert np.median(np.abs(12 * np.log2(found[:count][both] / speech.f0_hz[:count][both]))) < 0.3
    assert len(speech.energy_db) == int(len(speech.waveform) * 200 / RATE) + 1


def test_emphasis_is_higher_longer_and_louder() -> None:
    voice = open_voice("formant")
    plain = voice.speak(Line((Span("I never"), Span("said"), Span("that to anyone."))))
    strong = voice.speak(Line((Span("I never"), Span("said", None, Delivery(emphasis=1.0)), Span("that to anyone."))))
    values = []
    for speech in (plain, strong):
        word = next(word for word in speech.words if word.symbol == "said")
        frames = slice(int(word.start_s * 200), int(word.end_s * 200))
        f0 = speech.f0_hz[frames]
        values.append((f0[f0 > 0].max(), word.duration_s, speech.energy_db[frames].max()))
    assert 12 * np.log2(values[1][0] / values[0][0]) > 1.5
    assert values[1][1] > 1.08 * values[0][1]
    assert values[1][2] > values[0][2] + 0.5


@pytest.mark.parametrize("speaker", ["woman", "man"])
def test_pitch_agrees_with_praat(speaker: str) -> None:
    parselmouth = pytest.importorskip("parselmouth")
    speech = spoken("", speaker)
    wave = speech.waveform.astype(np.float64)
    reference = parselmouth.Sound(wave, RATE).to_pitch_ac(0.005, 60.0, pitch_ceiling=420.0)
    ours = track_pitch(wave, RATE, speech.phones)
    theirs = np.nan_to_num([reference.get_value_at_time(frame / 200) for frame in range(len(ours))])
    both = (ours > 0) & (theirs > 0)
    apart = 12 * np.abs(np.log2(ours[both] / theirs[both]))
    assert np.mean(apart > 2.0) < 0.02
    assert np.median(apart) < 0.2
    assert np.mean((ours > 0) != (theirs > 0)) < 0.12


def test_pitch_of_a_sweep() -> None:
    truth = np.linspace(100.0, 300.0, 2 * RATE)
    wave = 0.3 * np.sign(np.sin(2 * np.pi * np.cumsum(truth) / RATE))
    found = track_pitch(wave, RATE)[5:-5]
    expected = np.interp(np.arange(5, 5 + len(found)) / 200, np.arange(len(truth)) / RATE, truth)
    assert np.abs(found / expected - 1.0).max() < 0.02


def test_an_emotion_may_change_inside_a_sentence() -> None:
    line = Line((Span("I was so happy until", Emotion(joy=1.0)), Span("you told me the truth.", Emotion(sadness=1.0))))
    speech = open_voice("formant").speak(line)
    border = next(word.start_s for word in speech.words if word.symbol == "you")
    assert speech.emotion.at(0.2) == Emotion(joy=1.0)
    assert speech.emotion.at(speech.duration_s) == Emotion(sadness=1.0)
    assert speech.emotion.at(border - 0.3).joy > 0.9
    assert speech.emotion.at(border + 0.3).sadness > 0.9
    before = speech.f0_hz[: int(border * 200)]
    after = speech.f0_hz[int(border * 200) :]
    assert 12 * np.log2(np.median(before[before > 0]) / np.median(after[after > 0])) > 5.0
