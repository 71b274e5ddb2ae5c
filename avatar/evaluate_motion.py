"""How good the animator is: one flat object of figures over unseen lines.

Every line is spoken once, neutrally, and animated as neutral, as the eight emotions at full strength and as the
eight dyads between neighbours on the wheel, so that only the emotion differs.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from avatar.animator import animate
from avatar.animator.jaw_drop import DROP
from avatar.animator.lips import lip_aperture
from avatar.motion_metrics import (
    BlinkFacts,
    ContactCounts,
    blink_facts,
    contact_counts,
    content_error,
    gaze_holds_s,
    lag_ms,
    silence_mouth,
    upper_face,
)
from conditioning import ARKIT_INDEX, ARKIT_NAMES, EMOTION_NAMES, Emotion, EmotionTrack, InputError, Motion, Speech

__all__ = ["MotionPlan", "evaluate_motion", "evaluate_pair", "read_live_link"]

LEVELS = (0.25, 0.5, 0.75, 1.0)
#: At least this much of the mean error of a line is needed for a rise to count.
RISE = 1e-4
#: Lines whose generated faces are classified, length of the row of lines that is judged for life, width of a seam.
EMOTION_LINES = 20
LONG_S = 180.0
SEAM_S = 0.2


@dataclass(frozen=True)
class MotionPlan:
    """What is evaluated.

    Attributes
    ----------
    voice : str
        Who speaks the lines.
    lines : int
        How many.
    fps : float
        Rate of the curves.
    seed : int
        Of the first line; the next line has the next one.
    capture : Path, optional
        Folder of captured clips (``NAME.npz`` with its ``NAME.flac``); their figures are missing without it.
    """

    voice: str = "formant"
    lines: int = 200
    fps: float = 60.0
    seed: int = 0
    capture: Path | None = None


def evaluate_motion(plan: MotionPlan = MotionPlan(), tell: Callable[[str], None] = lambda _: None) -> dict[str, float]:
    """Return the figures.

    Parameters
    ----------
    plan : MotionPlan
    tell : callable
        Is given a line of text now and then.

    Returns
    -------
    dict of str to float
        ``bilabial_closure``, ``labiodental_closure``, ``false_closure``, ``content_error``, ``lag_ms``,
        ``silence_mouth`` (neutral and all emotions that drop no jaw), ``silence_drop`` (jawOpen in the silences of full
        surprise), ``emotion_accuracy``, ``intensity_monotone``, ``realtime_phone``, ``blinks_per_minute``,
        ``blink_length_s``, ``blink_sides_r``, ``gaze_hold_s``, and where the audio-only model is there
        ``audio_curve_error``, ``audio_closure``, ``realtime_audio``, ``audio_emotion_accuracy``,
        ``audio_blinks_per_minute``, ``audio_gaze_hold_s`` and ``seam_jerk`` (with captures also ``capture_mouth_r``,
        ``capture_jaw_r`` and ``capture_width_r``).
    """
    if plan.lines < 4:
        raise InputError(f"lines={plan.lines} are too few to train and test a classifier; give at least 4")
    tell(f"speaking {plan.lines} lines")
    speeches = list(_speeches(plan))
    tell("animating")
    figures = _over_emotions(speeches, plan)
    figures |= _life([animate(speech, fps=plan.fps, seed=plan.seed + i) for i, speech in enumerate(speeches)])
    figures["intensity_monotone"] = _monotone(speeches, plan)
    figures["realtime_phone"] = _speed(speeches, plan)
    tell("listening")
    figures |= _audio_only(speeches, plan)
    return {name: round(float(value), 5) for name, value in figures.items()}


def evaluate_pair(speech: Speech, motion: Motion) -> dict[str, float]:
    """Return the figures of one performance, wherever its curves come from."""
    blinks = blink_facts(motion)
    figures = contact_counts(speech, motion).shares() if speech.phones else {}
    figures |= {"lag_ms": lag_ms([(speech, motion)]), "silence_mouth": silence_mouth(speech, motion)}
    figures["blinks_per_minute"] = blinks.count / motion.duration_s * 60.0
    return {name: round(float(value), 5) for name, value in figures.items()}


def read_live_link(path: Path) -> Motion:
    """Read the curves of a Live Link Face CSV; columns are found by name.

    Raises
    ------
    InputError
        If the file is not such a table.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(csv.reader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"cannot read {path} as CSV: {error}") from error
    header = {name.strip().lower(): index for index, name in enumerate(rows[0])} if rows else {}
    missing = [name for name in ARKIT_NAMES if name.lower() not in header]
    if missing or len(rows) < 2:
        raise InputError(f"{path} is not a Live Link Face table: it lacks {', '.join(missing[:3]) or 'frames'}")
    try:
        table = np.array([[float(row[header[name.lower()]]) for name in ARKIT_NAMES] for row in rows[1:] if row])
    except (ValueError, IndexError) as error:
        raise InputError(f"{path} has a cell that is not a number: {error}") from error
    stamps = [row[0] for row in rows[1:] if row]
    frames = len(table)
    return Motion(_rate(stamps), table, np.zeros((frames, 3)), np.zeros((frames, 2, 3)))  # type: ignore[arg-type]


def _rate(stamps: Sequence[str]) -> float:
    """Return the frames a second of time codes ``h:m:s:frame.part``: one more than the largest frame number."""
    numbers = [int(float(stamp.rsplit(":", 1)[-1])) for stamp in stamps if ":" in stamp]
    return float(max(numbers) + 1) if numbers and len(stamps) > max(numbers) else 60.0


def _speeches(plan: MotionPlan) -> Iterator[Speech]:
    """Speak the voices' evaluation lines, then pairs of them."""
    from conditioning import Line
    from tts import open_voice
    from tts.evaluate_voice import evaluation_lines

    single = evaluation_lines()
    count = len(single)
    texts = [
        single[i] if i < count else f"{single[i % count]} {single[(7 * i + i // count) % count]}"
        for i in range(plan.lines)
    ]
    voice = open_voice(plan.voice)
    for i, text in enumerate(texts):
        yield voice.speak(Line.of(text).with_emotion(Emotion()), seed=plan.seed + i)


def _conditions() -> dict[str, Emotion]:
    alone = {name: Emotion(**{name: 1.0}) for name in EMOTION_NAMES}
    around = [*EMOTION_NAMES, EMOTION_NAMES[0]]
    return alone | {f"{a}+{b}": alone[a] + alone[b] for a, b in pairwise(around)}


def _felt(speech: Speech, emotion: Emotion) -> Speech:
    return replace(speech, emotion=EmotionTrack.constant(emotion))


def _over_emotions(speeches: Sequence[Speech], plan: MotionPlan) -> dict[str, float]:
    """Contacts, content, silence and the classifier, over all emotions."""
    counts, errors, silences, drops = ContactCounts(), [], [], []
    pairs: list[tuple[Speech, Motion]] = []
    faces: list[npt.NDArray[np.float64]] = []
    labels: list[int] = []
    for index, speech in enumerate(speeches):
        neutral = animate(speech, fps=plan.fps, seed=plan.seed + index)
        pairs.append((speech, neutral))
        for name, emotion in {"neutral": Emotion(), **_conditions()}.items():
            motion = animate(_felt(speech, emotion), fps=plan.fps, seed=plan.seed + index)
            counts += contact_counts(speech, motion)
            if not any(getattr(emotion, felt) for felt in DROP):
                silences.append(silence_mouth(speech, motion))
            elif name == "surprise":
                drops.append(silence_mouth(speech, motion))
            if emotion:
                errors.append(content_error(speech, neutral, motion))
            if name in EMOTION_NAMES:
                faces.append(upper_face(motion))
                labels.append(EMOTION_NAMES.index(name))
    return counts.shares() | {
        "content_error": float(np.mean(errors)),
        "lag_ms": lag_ms(pairs),
        "silence_mouth": float(np.mean(silences)),
        "silence_drop": float(np.mean(drops)),
        "emotion_accuracy": _accuracy(np.array(faces), np.array(labels), len(speeches)),
    }


def _accuracy(faces: npt.NDArray[np.float64], labels: npt.NDArray[np.intp], lines: int) -> float:
    """Return how often the nearest class mean, from the first half of the lines, names the other half right."""
    line = np.repeat(np.arange(lines), len(EMOTION_NAMES))
    known = line < lines // 2
    spread = np.maximum(faces[known].std(axis=0), 1e-3)
    means = np.stack([faces[known & (labels == label)].mean(axis=0) for label in range(len(EMOTION_NAMES))])
    distance = np.linalg.norm((faces[~known][:, None] - means) / spread, axis=2)
    return float((distance.argmin(axis=1) == labels[~known]).mean())


def _monotone(speeches: Sequence[Speech], plan: MotionPlan) -> float:
    """Return the share of lines and emotions whose upper face moves more at each higher intensity."""
    rising = []
    for index, speech in enumerate(speeches):
        for name in EMOTION_NAMES:
            amounts = []
            for level in LEVELS:
                motion = animate(_felt(speech, Emotion(**{name: level})), fps=plan.fps, seed=plan.seed + index)
                face = upper_face(motion)
                amounts.append(float(face[: len(face) // 2].sum()))
            rising.append(bool((np.diff(amounts) > RISE).all()))
    return float(np.mean(rising))


def _life(motions: Sequence[Motion]) -> dict[str, float]:
    facts: list[BlinkFacts] = [blink_facts(motion) for motion in motions]
    seconds = sum(motion.duration_s for motion in motions)
    holds = np.concatenate([gaze_holds_s(motion) for motion in motions])
    lengths = np.concatenate([fact.lengths_s for fact in facts])
    return {
        "blinks_per_minute": 60.0 * sum(fact.count for fact in facts) / seconds,
        "blink_length_s": float(lengths.mean()) if len(lengths) else 0.0,
        "blink_sides_r": float(np.mean([fact.sides_correlation for fact in facts])),
        "gaze_hold_s": float(np.median(holds)) if len(holds) else 0.0,
    }


def _speed(speeches: Sequence[Speech], plan: MotionPlan) -> float:
    """Return seconds of speech per second of processor time."""
    started = time.process_time()
    for speech in speeches:
        animate(speech, fps=plan.fps)
    return sum(speech.duration_s for speech in speeches) / max(time.process_time() - started, 1e-9)


def _audio_only(speeches: Sequence[Speech], plan: MotionPlan) -> dict[str, float]:
    """Compare the audio-only path with the phone path, and with captures."""
    from avatar.audio_motion import available

    if not available():
        return {}
    counts, errors = ContactCounts(), []
    seconds = spent = 0.0
    for index, speech in enumerate(speeches):
        started = time.process_time()
        heard = animate(replace(speech, phones=(), words=()), fps=plan.fps, seed=plan.seed + index)
        spent += time.process_time() - started
        seconds += speech.duration_s
        counts += contact_counts(speech, heard)
        errors.append(content_error(speech, animate(speech, fps=plan.fps, seed=plan.seed + index), heard))
    figures = {
        "audio_curve_error": float(np.mean(errors)),
        "audio_closure": counts.shares()["bilabial_closure"],
        "realtime_audio": seconds / max(spent, 1e-9),
    }
    figures |= _audio_life(speeches, plan)
    return figures | (_against_capture(plan.capture) if plan.capture else {})


def _audio_life(speeches: Sequence[Speech], plan: MotionPlan) -> dict[str, float]:
    """Judge the generated face: emotions over the first lines, life and seams over all lines in a row."""
    few = speeches[:EMOTION_LINES]
    faces = [
        upper_face(animate(replace(_felt(speech, Emotion(**{name: 1.0})), phones=(), words=()), fps=plan.fps, seed=i))
        for i, speech in enumerate(few)
        for name in EMOTION_NAMES
    ]
    labels = np.tile(np.arange(len(EMOTION_NAMES)), len(few))
    rate = speeches[0].sample_rate
    row = np.concatenate([speech.waveform for speech in speeches])[: round(LONG_S * rate)]
    motion = animate(Speech(row, rate), fps=plan.fps, seed=plan.seed)
    life = _life([motion])
    return {
        "audio_emotion_accuracy": _accuracy(np.array(faces), labels, len(few)),
        "audio_blinks_per_minute": life["blinks_per_minute"],
        "audio_gaze_hold_s": life["gaze_hold_s"],
        "seam_jerk": _seam_jerk(motion),
    }


def _seam_jerk(motion: Motion) -> float:
    """Return the mean jerk of head, brows and cheeks at the windows' seams over its 99th percentile elsewhere.

    Jerk is the third difference of all curves, each in units of its spread; a seam is a fifth of a second long.
    """
    from avatar.audio_motion.representation import MOTION_RATE_HZ
    from avatar.audio_motion.sampler import windows

    face = motion.weights[:, [ARKIT_INDEX[name] for name in ("browInnerUp", "browOuterUpLeft", "browDownLeft")]]
    curves = np.concatenate([motion.head_rotation, face], axis=1).astype(np.float64)
    jerk = np.linalg.norm(np.diff(curves / np.maximum(curves.std(axis=0), 1e-3), 3, axis=0), axis=1)
    frames = round(motion.duration_s * MOTION_RATE_HZ)
    seams_s = [(start + known) / MOTION_RATE_HZ for start, _, known in windows(frames) if known]
    times_s = (np.arange(len(jerk)) + 1.5) / motion.fps
    near = np.zeros(len(jerk), bool)
    for seam_s in seams_s:
        near |= np.abs(times_s - seam_s) < SEAM_S / 2
    if not near.any() or near.all():
        return 0.0
    return float(jerk[near].mean() / max(np.percentile(jerk[~near], 99), 1e-12))


def _against_capture(folder: Path) -> dict[str, float]:
    """Correlate opening and rounding with captured clips (all that the folder holds)."""
    from avatar.recording import read_recording, speech_of
    from avatar.train_motion.capture import read_capture

    mouths, jaws, widths = [], [], []
    for path in sorted(folder.glob("*.npz")):
        captured, fps = read_capture(path)
        motion = animate(speech_of(read_recording(path.with_suffix(".flac"))), fps=fps)
        frames = min(len(motion), len(captured["jawOpen"]))
        mouths.append(_r(lip_aperture(motion.weights)[:frames], captured["jawOpen"][:frames]))
        jaws.append(_r(motion.curve("jawOpen")[:frames], captured["jawOpen"][:frames]))
        rounding = motion.weights[:, [ARKIT_INDEX["mouthFunnel"], ARKIT_INDEX["mouthPucker"]]].sum(axis=1)
        widths.append(_r(rounding[:frames], (captured["mouthFunnel"] + captured["mouthPucker"])[:frames]))
    if not mouths:
        raise InputError(f"{folder} holds no captured clips (NAME.npz with NAME.flac)")
    return {
        "capture_mouth_r": float(np.mean(mouths)),
        "capture_jaw_r": float(np.mean(jaws)),
        "capture_width_r": float(np.mean(widths)),
    }


def _r(a: npt.NDArray[np.floating], b: npt.NDArray[np.floating]) -> float:  # type: ignore[type-arg]
    return float(np.corrcoef(a, b)[0, 1]) if np.std(a) > 1e-9 and np.std(b) > 1e-9 else 0.0
