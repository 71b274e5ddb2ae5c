"""A character's mood: what it feels from line to line.

Each character rests at its baseline, moved a little by its personality. A line adds what its words or its writer say,
as strongly as the personality reacts; part of the mood before carries over; what the others just expressed rubs off.
The mood sinks back to rest with time and is used up as it is expressed. All of it is a pure function of what was said
and when: no randomness, no clock.

Sources of the parts: personality to a shift in valence, arousal and dominance, and to the transition between moods
(A. Mehrabian, *Australian J. Psychology* 48, 1996; Z. Wen et al., "Automatically select emotion for response via
personality-affected emotion transition", ACL Findings 2021); an inner state that expression uses up (H. Zhou et al.,
"Emotional Chatting Machine", AAAI 2018); inertia within and contagion between speakers (Y. Liu et al., "EmotionIC",
2023). Where a number is marked "ours" there is none in print, and it was set by looking at scenes.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from checkpoints.errors import InputError
from conditioning.emotion import EMOTION_NAMES, NEUTRAL, Emotion

__all__ = ["TRAITS", "Expressed", "Mood", "Personality", "Scene"]

#: The five factors of personality (OCEAN).
TRAITS = ("openness", "conscientiousness", "extraversion", "agreeableness", "neuroticism")

#: Pleasure, arousal and dominance of a temperament per unit of each trait: the regression equations of Mehrabian
#: (1996), his emotional stability being minus our neuroticism.
TEMPERAMENT: Mapping[str, tuple[float, float, float]] = {
    "openness": (0.0, 0.15, 0.25),
    "conscientiousness": (0.0, 0.0, 0.17),
    "extraversion": (0.21, 0.0, 0.60),
    "agreeableness": (0.59, 0.30, -0.32),
    "neuroticism": (-0.19, 0.57, 0.0),
}

#: Dominance that goes with a unit of valence in joy and in sadness (Russell & Mehrabian 1977, table 4), so that the
#: resting emotion of a temperament is a plain one.
NATURAL_DOMINANCE = 0.5

#: Anger and fear differ in dominance above all (Russell & Mehrabian 1977): a dominant character answers a threat with
#: more anger and less fear. The size is ours.
DOMINANT_ANGER = 0.3

#: How much of the temperament shows at rest. Ours: a trait is a leaning, not a feeling of full strength.
TEMPERAMENT_SHARE = 0.2

#: Extraverts react more to pleasant things, neurotics to unpleasant ones (J. Gross, S. Sutton & T. Ketelaar,
#: *Personality and Social Psychology Bulletin* 24, 1998). The size is ours.
EXTRAVERT_PLEASANT, NEUROTIC_UNPLEASANT = 0.3, 0.3

#: Part of the mood that is carried into the next line: emotional inertia, the autocorrelation of feelings from one
#: moment to the next (P. Kuppens, N. Allen & L. Sheeber, *Psychological Science* 21, 2010), higher for neurotic
#: people. Its order of size is theirs, the numbers are ours.
INERTIA, NEUROTIC_INERTIA = 0.3, 0.1

#: Part of the way from the mood to a felt line that the mood goes. Ours.
ABSORPTION = 0.6

#: Part of a feeling that its expression at full strength uses up. Ours, in the place of ECM's learned write gate.
USED_UP = 0.2

#: Time in which half of a mood is gone, seconds. Ours: a scene of a few minutes, where the emotions that people recall
#: last (P. Verduyn & S. Lavrijsen, *Motivation and Emotion* 39, 2015) would never change. Conscientious characters
#: recover faster, neurotic ones slower.
HALF_LIFE_S = 90.0
CONSCIENTIOUS_RECOVERY, NEUROTIC_RECOVERY = 0.2, -0.3

#: Part of the way to the other's expression that hearing it moves the mood; agreeable people catch more (W. Doherty,
#: *J. Nonverbal Behavior* 21, 1997, finds it correlated with sensitivity to others). The size is ours.
CONTAGION, AGREEABLE_CONTAGION = 0.15, 0.5

#: Pleasant and unpleasant primaries, by the sign of their valence in Russell & Mehrabian (1977).
_PLEASANT = np.array([1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0])
_UNPLEASANT = np.array([0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0])
_DOMINANT = np.array([0.0, 0.0, -1.0, 0.0, 0.0, 0.0, 1.0, 0.0])

FORMAT = 1


@dataclass(frozen=True)
class Personality:
    """The five factors, each from -1 to 1; 0 is the average person.

    Attributes
    ----------
    openness, conscientiousness, extraversion, agreeableness, neuroticism : float
    """

    openness: float = 0.0
    conscientiousness: float = 0.0
    extraversion: float = 0.0
    agreeableness: float = 0.0
    neuroticism: float = 0.0

    def __post_init__(self) -> None:
        for trait in TRAITS:
            value = getattr(self, trait)
            if not -1.0 <= value <= 1.0:
                raise InputError(f"{trait}={value} is not allowed; traits run from -1 to 1, 0 is the average")

    @classmethod
    def of(cls, traits: Mapping[str, float]) -> Personality:
        """Make a personality of named traits; those that are missing are average."""
        for trait in traits:
            if trait not in TRAITS:
                raise InputError(f"unknown trait {trait!r}; the traits are {', '.join(TRAITS)}")
        return cls(**{trait: float(value) for trait, value in traits.items()})

    @property
    def temperament(self) -> tuple[float, float, float]:
        """Pleasure, arousal and dominance, clipped to [-1, 1]."""
        total = sum((getattr(self, trait) * np.array(TEMPERAMENT[trait]) for trait in TRAITS), np.zeros(3))
        valence, arousal, dominance = np.clip(total, -1.0, 1.0).tolist()
        return valence, arousal, dominance


@dataclass(frozen=True)
class Mood:
    """What a character feels between its lines.

    Attributes
    ----------
    personality : Personality
    baseline : Emotion
        Where it rests, before its temperament.
    current : Emotion or None
        The mood now; at rest if None.

    Examples
    --------
    >>> mood = Mood(Personality(neuroticism=0.5))
    >>> felt, mood = mood.feel(Emotion(fear=0.6))
    >>> felt.fear > 0.6
    True
    >>> after, _ = mood.feel(NEUTRAL, elapsed_s=2.0)
    >>> 0 < after.fear < felt.fear
    True
    """

    personality: Personality = field(default_factory=Personality)
    baseline: Emotion = NEUTRAL
    current: Emotion | None = None

    @property
    def rest(self) -> Emotion:
        """The emotion that the mood returns to."""
        valence, arousal, _ = self.personality.temperament
        temperament = Emotion.from_vad(valence, arousal, NATURAL_DOMINANCE * valence)
        return self.baseline + TEMPERAMENT_SHARE * temperament

    @property
    def now(self) -> Emotion:
        """The mood, at rest if nothing was felt yet."""
        return self.rest if self.current is None else self.current

    def feel(self, said: Emotion, elapsed_s: float = 0.0) -> tuple[Emotion, Mood]:
        """Speak a line.

        Parameters
        ----------
        said : Emotion
            What the words, or the writer's direction, say.
        elapsed_s : float
            Since the mood was last touched.

        Returns
        -------
        felt : Emotion
            What the line is spoken with.
        mood : Mood
            After the line.
        """
        before = self.wait(elapsed_s).now.weights
        reaction = np.clip(said.weights * self._gains(), 0.0, 1.0)
        # A feeling gives way to its opposite (Plutchik): fresh joy leaves no room for the sadness carried over.
        carried = self._inertia() * before * (1.0 - np.roll(reaction, 4))
        felt = Emotion.from_weights(reaction + carried * (1.0 - reaction))
        mood = before + ABSORPTION * (felt.weights - before)
        mood *= 1.0 - USED_UP * felt.weights
        return felt, replace(self, current=Emotion.from_weights(mood))

    def hear(self, expressed: Emotion, elapsed_s: float = 0.0) -> Mood:
        """Catch some of what another speaker expressed."""
        before = self.wait(elapsed_s).now.weights
        share = CONTAGION * (1.0 + AGREEABLE_CONTAGION * self.personality.agreeableness)
        caught = np.maximum(expressed.weights - before, 0.0)
        return replace(self, current=Emotion.from_weights(before + share * caught))

    def wait(self, elapsed_s: float) -> Mood:
        """Let time pass: the mood decays toward rest, half of the way in each half-life."""
        if not (math.isfinite(elapsed_s) and elapsed_s >= 0.0):
            raise InputError(f"elapsed_s={elapsed_s} is not a time; give seconds from 0")
        if self.current is None or elapsed_s == 0.0:
            return self
        rest = self.rest.weights
        left = 0.5 ** (elapsed_s / self._half_life_s())
        return replace(self, current=Emotion.from_weights(rest + left * (self.current.weights - rest)))

    def to_dict(self) -> dict[str, Any]:
        """Return the mood as numbers and texts that JSON holds; :meth:`from_dict` reads it back."""
        return {
            "format": FORMAT,
            "personality": {trait: getattr(self.personality, trait) for trait in TRAITS},
            "baseline": dict(self.baseline),
            "current": None if self.current is None else dict(self.current),
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Mood:
        """Read what :meth:`to_dict` wrote.

        Raises
        ------
        InputError
            If it is of another format, or has a key or a value that is not allowed.
        """
        unknown = content.keys() - {"format", *(item.name for item in fields(cls))}
        if content.get("format") != FORMAT or unknown:
            raise InputError(
                f"not a mood of format {FORMAT}: format {content.get('format')!r}, unknown keys {sorted(unknown)}; "
                "write it with Mood.to_dict"
            )
        current = content.get("current")
        return cls(
            Personality.of(content.get("personality", {})),
            _emotion(content.get("baseline", {})),
            None if current is None else _emotion(current),
        )

    def _gains(self) -> npt.NDArray[np.float64]:
        """Return the (8,) factors of this personality's reactions."""
        extravert = EXTRAVERT_PLEASANT * self.personality.extraversion
        neurotic = NEUROTIC_UNPLEASANT * self.personality.neuroticism
        dominance = DOMINANT_ANGER * self.personality.temperament[2]
        return np.asarray(1.0 + extravert * _PLEASANT + neurotic * _UNPLEASANT + dominance * _DOMINANT)

    def _inertia(self) -> float:
        return INERTIA + NEUROTIC_INERTIA * self.personality.neuroticism

    def _half_life_s(self) -> float:
        traits = self.personality
        recovery = CONSCIENTIOUS_RECOVERY * traits.conscientiousness + NEUROTIC_RECOVERY * traits.neuroticism
        return HALF_LIFE_S / (1.0 + recovery)


@dataclass(frozen=True)
class Expressed:
    """One line of a scene, felt.

    Attributes
    ----------
    speaker : str
    start_s, end_s : float
        On the scene's clock.
    said, felt : Emotion
        What the words or the writer said; what it is spoken with.
    moods : mapping of str to Emotion
        Everybody's mood after the line.
    """

    speaker: str
    start_s: float
    end_s: float
    said: Emotion
    felt: Emotion
    moods: Mapping[str, Emotion]


class Scene:
    """The moods of all speakers over a scene.

    Parameters
    ----------
    moods : mapping of str to Mood
        At the start; a speaker who is missing gets an average one.
    """

    def __init__(self, moods: Mapping[str, Mood] | None = None) -> None:
        self.moods = dict(moods or {})
        self.lines: list[Expressed] = []

    @property
    def now_s(self) -> float:
        """The end of the last line, seconds."""
        return self.lines[-1].end_s if self.lines else 0.0

    def say(self, speaker: str, said: Emotion, duration_s: float, pause_s: float = 0.3) -> Emotion:
        """Add a line; return what it is spoken with.

        Parameters
        ----------
        speaker : str
        said : Emotion
            What the words or the writer say.
        duration_s : float
            Of the line.
        pause_s : float
            Before it.
        """
        start_s = self.now_s + pause_s
        waited_s = pause_s + (self.lines[-1].end_s - self.lines[-1].start_s if self.lines else 0.0)
        self.moods.setdefault(speaker, Mood())
        felt, mood = self.moods[speaker].feel(said, waited_s)
        others = {name: other.hear(felt, waited_s) for name, other in self.moods.items() if name != speaker}
        self.moods |= others | {speaker: mood}
        after = {name: mood.now for name, mood in self.moods.items()}
        self.lines.append(Expressed(speaker, start_s, start_s + duration_s, said, felt, after))
        return felt


def _emotion(weights: Any) -> Emotion:
    if not isinstance(weights, Mapping) or weights.keys() - set(EMOTION_NAMES):
        raise InputError(f"{weights!r} is not an emotion; give weights of {', '.join(EMOTION_NAMES)}")
    return Emotion(**weights)
