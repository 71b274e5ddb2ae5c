"""Contacts, measured on a head that the animator does not know."""

from __future__ import annotations

import numpy as np
import pytest

from avatar.animator import animate
from avatar.animator.closures import MIN_HOLD_S, contacts_of
from avatar.animator.coarticulation import gestures_of
from avatar.animator.lips import APERTURE, measure_vector
from conditioning import EMOTION_NAMES, Emotion
from conditioning.phones import strip_stress

#: The head's lips are 0.08 apart at rest; 0.15 of its units is about 1.5 mm.
ICT_CLOSED = 0.15
FEELINGS = [Emotion(), *(Emotion(**{name: 1.0}) for name in EMOTION_NAMES), Emotion(joy=1, surprise=1)]


def frames_of(motion, phone, early_s=0.04):
    return slice(*np.searchsorted(motion.times_s, (phone.start_s - early_s, phone.end_s)))


def test_measure_of_the_lips_is_that_of_the_head(ict_head) -> None:
    middle = (ict_head.upper - ict_head.lower)[:, 1, 1]
    ours = measure_vector(APERTURE)
    jaw = middle[17]
    for name in ("jawOpen", "mouthFunnel", "mouthLowerDown", "mouthUpperUp", "mouthShrugLower", "noseSneer"):
        chosen = np.flatnonzero(measure_vector({name: 1.0}))
        assert (middle[chosen] / jaw).sum() == pytest.approx(ours[chosen].sum(), abs=0.03), name


@pytest.mark.parametrize("fps", [24.0, 25.0, 30.0, 60.0, 120.0])
def test_lips_meet_on_every_p_b_m_in_every_emotion(ict_head, make_speech, feel, fps: float) -> None:
    for seed, feeling in enumerate(FEELINGS):
        speech = feel(make_speech(seed=seed), feeling)
        motion = animate(speech, fps=fps, seed=seed)
        aperture = ict_head.aperture(motion.weights).max(axis=1)
        for phone in speech.phones:
            if strip_stress(phone.symbol) in ("p", "b", "m"):
                assert aperture[frames_of(motion, phone)].min() < ICT_CLOSED, (str(feeling), phone)


def test_lower_lip_meets_the_incisors_on_f_and_v(ict_head, make_speech, feel) -> None:
    edge_y, edge_z = ict_head.incisor_edge
    for seed, feeling in enumerate(FEELINGS):
        speech = feel(make_speech(seed=seed), feeling)
        motion = animate(speech, seed=seed)
        lip, aperture = ict_head.lower_lip(motion.weights), ict_head.aperture(motion.weights)[:, 1]
        for phone in speech.phones:
            if strip_stress(phone.symbol) in ("f", "v"):
                at = frames_of(motion, phone)
                touching = (lip[at, 1] > edge_y - 0.05) & (np.abs(lip[at, 2] - edge_z) < 0.4) & (aperture[at] > 0.1)
                assert touching.any(), (str(feeling), phone)


def test_vowels_stay_open(ict_head, make_speech) -> None:
    speech = make_speech()
    motion = animate(speech, fps=120.0)
    aperture = ict_head.aperture(motion.weights)[:, 1]
    for phone in speech.phones:
        if strip_stress(phone.symbol)[0] in "iəaeɪɛoʊæɔ":
            assert aperture[frames_of(motion, phone, 0.0)].max() > 2 * ICT_CLOSED, phone


def test_lips_are_shut_in_silence_even_when_disgusted(ict_head, make_speech, feel) -> None:
    for feeling in (feeling for feeling in FEELINGS if not feeling.surprise + feeling.fear):
        speech = feel(make_speech(), feeling)
        motion = animate(speech)
        aperture = ict_head.aperture(motion.weights).max(axis=1)
        inside = motion.times_s < speech.phones[0].end_s - 0.15
        assert aperture[inside].max() < ICT_CLOSED, str(feeling)


@pytest.mark.parametrize("phone_s", [0.03, 0.06, 0.12])
def test_plateaus_are_long_enough_for_24_frames_a_second(make_speech, phone_s: float) -> None:
    speech = make_speech("sil m b ə p f m ˈɑ b b v p sil", phone_s=phone_s)
    for contact in contacts_of(gestures_of(speech.phones), speech.phones):
        assert (contact.end_s - contact.start_s >= MIN_HOLD_S - 1e-9).all()
        assert (contact.start_s[1:] > contact.end_s[:-1]).all()
