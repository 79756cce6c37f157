# Runs with Python 2 inside the image, whose package `plant_classification` and weights do the work.
import argparse
import io
import json
import os

from plant_classification.model_utils import load_model
from plant_classification.my_utils import single_prediction

HOME = os.environ["PLANTS_HOME"]
NETWORK = "resnet50_6182classes_100epochs"


def read_species():
    with io.open(os.path.join(HOME, "data", "data_splits", "synsets.txt"), encoding="utf-8") as lines:
        return [line.strip() for line in lines]


def load_network():
    package = os.path.join(HOME, "plant_classification")
    with open(os.path.join(package, "training_info", NETWORK + ".json")) as info:
        training = json.load(info)
    weights = os.path.join(package, "training_weights", NETWORK + ".npz")
    network = load_model(weights, output_dim=training["training_params"]["output_dim"])
    return network, {"mean_RGB": training["augmentation_params"]["mean_RGB"]}


def classify(photograph):
    species = read_species()
    network, augmentation = load_network()
    labels, probabilities = single_prediction(network, im_list=[photograph], aug_params=augmentation)
    return [
        {"species": species[int(label)], "probability": round(float(probability), 4)}
        for label, probability in zip(labels, probabilities)
    ]


parser = argparse.ArgumentParser()
parser.add_argument("photograph")
parser.add_argument("-o", "--output", required=True)
arguments = parser.parse_args()
with open(arguments.output, "w") as output:
    json.dump(classify(arguments.photograph), output, indent=2)
