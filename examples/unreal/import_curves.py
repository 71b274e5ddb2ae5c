"""Put a take's curves on an animation sequence: run in Unreal's Python console.

``import_curves.run("/Game/Faces/AS_Hello", r"C:\\takes\\hello.unreal.csv", fps=60)``
"""

import csv
from collections import defaultdict

import unreal


def run(sequence_path: str, csv_path: str, fps: float = 60.0) -> int:
    """Write every curve of a ``curve_name, frame_number, value`` table; return how many there are."""
    sequence = unreal.load_asset(sequence_path)
    curves = defaultdict(lambda: ([], []))
    with open(csv_path, newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            times, values = curves[row["curve_name"]]
            times.append(int(row["frame_number"]) / fps)
            values.append(float(row["value"]))
    library = unreal.AnimationLibrary
    for name, (times, values) in curves.items():
        if library.does_curve_exist(sequence, name, unreal.RawCurveTrackTypes.RCT_FLOAT):
            library.remove_curve(sequence, name)
        library.add_curve(sequence, name, unreal.RawCurveTrackTypes.RCT_FLOAT)
        library.add_float_curve_keys(sequence, name, times, values)
    unreal.EditorAssetLibrary.save_asset(sequence_path)
    return len(curves)
