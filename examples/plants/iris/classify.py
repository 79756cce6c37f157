#!/usr/bin/env python3
"""A table of measured flowers in; the likely species of each out, as JSON. Plain Python: the model is a few numbers."""
import csv
import json
import math
import os
from pathlib import Path

model = json.loads((Path(os.environ["SPILLWAY_FILES_DIR"]) / "iris" / "model.json").read_text())


def probabilities(flower):
    values = [float(flower[name]) for name in model["features"]]
    scores = [
        intercept + sum(coefficient * value for coefficient, value in zip(coefficients, values))
        for coefficients, intercept in zip(model["coefficients"], model["intercepts"])
    ]
    shares = [math.exp(score - max(scores)) for score in scores]
    return {name: round(share / sum(shares), 3) for name, share in zip(model["species"], shares)}


def classified(flower):
    likely = probabilities(flower)
    return {**flower, "species": max(likely, key=likely.get), "probabilities": likely}


table = Path(os.environ["INPUT_FILE_PATH"])
with table.open(newline="") as lines:
    flowers = [classified(flower) for flower in csv.DictReader(lines)]
output = Path(os.environ["TMP_OUTPUT_DIR"]) / f"{table.stem}.json"
output.write_text(json.dumps(flowers, indent=2) + "\n")
print(f"{len(flowers)} flowers: " + ", ".join(flower["species"] for flower in flowers))
