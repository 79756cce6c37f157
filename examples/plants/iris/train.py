#!/usr/bin/env python3
"""A table of measured flowers in; a model that tells the species out, as JSON, with how good it is."""
import csv
import json
import os
import sys
from pathlib import Path

try:
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
except ImportError:
    sys.exit("train.py needs scikit-learn: run `python3 -m pip install scikit-learn`, then redrive this invocation.")

FOLDS = 5

table = Path(os.environ["INPUT_FILE_PATH"])
with table.open(newline="") as lines:
    rows = list(csv.DictReader(lines))
features = [name for name in rows[0] if name != "species"]
measured = [[float(row[name]) for name in features] for row in rows]
species = [row["species"] for row in rows]

classifier = LogisticRegression(tol=1e-8, max_iter=10_000)
accuracy = cross_val_score(classifier, measured, species, cv=FOLDS).mean()
classifier.fit(measured, species)

model = {
    "features": features,
    "species": list(classifier.classes_),
    "coefficients": classifier.coef_.round(6).tolist(),
    "intercepts": classifier.intercept_.round(6).tolist(),
    "trainedOn": {"file": table.name, "flowers": len(rows)},
    "accuracy": round(float(accuracy), 3),
}
output = Path(os.environ["TMP_OUTPUT_DIR"]) / f"{table.stem}.model.json"
output.write_text(json.dumps(model, indent=2) + "\n")
print(f"{len(rows)} flowers, accuracy {accuracy:.3f} in {FOLDS}-fold cross-validation")
