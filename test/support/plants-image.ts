/** A stand-in for the image that the plants example names: what its script and `predict.py` find there. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The one photograph that it knows, and what it sees in it. */
export const PHOTOGRAPH = 'not really'
export const PHOTOGRAPHED = [
  { species: 'Rosa canina', probability: 0.75 },
  { species: 'Bellis perennis', probability: 0.25 },
]

/** Lays out `python2`, the package, its facts and names; `home` is what PLANTS_HOME and PYTHONPATH lead to. */
export function plantsImage(home: string, programs: string): void {
  const file = (path: string, text: string) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text)
  }
  file(join(programs, 'python2'), '#!/bin/sh\nexec python3 "$@"\n')
  chmodSync(join(programs, 'python2'), 0o755)
  const files: Record<string, string> = {
    'plant_classification/__init__.py': '',
    'plant_classification/model_utils.py': 'def load_model(weights, output_dim):\n    return weights, output_dim\n',
    'plant_classification/my_utils.py': PREDICTION,
    'plant_classification/training_info/resnet50_6182classes_100epochs.json': JSON.stringify({
      augmentation_params: { mean_RGB: [1, 2, 3] },
      training_params: { output_dim: 3 },
    }),
    'data/data_splits/synsets.txt': 'Bellis perennis\nRosa canina\nUrtica dioica\n',
  }
  for (const [path, text] of Object.entries(files)) file(join(home, path), text)
}

const PREDICTION = `
def single_prediction(network, im_list, aug_params):
    weights, output_dim = network
    assert weights.endswith("training_weights/resnet50_6182classes_100epochs.npz") and output_dim == 3
    assert len(im_list) == 1 and open(im_list[0]).read() == "${PHOTOGRAPH}" and aug_params == {"mean_RGB": [1, 2, 3]}
    return [1, 0], [0.75, 0.25]
`
