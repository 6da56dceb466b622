"""Sandboxed side of the grading: loads the submission's model once and lets it continue prompts. Over the starter it also judges tokens."""
import importlib

import numpy as np

from kymo_worker import serve


def prepare(module):
    return module, module.load()


def call(state, header, arrays):
    module, model = state
    if header.get('check'):
        sequences = arrays['sequences'].astype(np.int64)
        return {'margins': importlib.import_module('check').margins(model, sequences, int(header['start']))}
    return {'tokens': module.generate(model, arrays['prompts'].astype(np.int64), int(header['new_tokens']))}


if __name__ == '__main__':
    serve(prepare, call)
