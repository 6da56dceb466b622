"""Sandboxed side of the grading, small profile: the network of net.py in numpy, with the submitted weights. Nothing of the submission is imported."""
from pathlib import Path

import numpy as np

from kymo_weights import check_arrays, read_config, read_npz, serve_files

FIELDS = {'hidden': (1, 64), 'triplet': (1, 32), 'steps': (1, 16), 'aggregation': ['max', 'mean', 'sum'], 'residual': [True, False], 'gate': [True, False], 'layer_norm': [True, False]}
CONFIG, WEIGHTS = 'checkpoints/config.json', 'checkpoints/weights.npz'
MAX_BYTES = 4 << 20


def shapes(config):
    hidden, triplet = config['hidden'], config['triplet']
    found = {
        'start': (3, hidden), 'start_bias': (hidden,),
        'pair': (hidden, triplet), 'first': (hidden, triplet), 'second': (hidden, triplet), 'message_bias': (triplet,),
        'state': (hidden, hidden), 'input': (3, hidden), 'heard': (triplet, hidden), 'update_bias': (hidden,),
        'point_pair': (hidden, triplet), 'point_first': (hidden, triplet), 'point_way': (3, triplet), 'point_bias': (triplet,), 'point': (triplet,),
    }
    if config['gate']:
        found.update(gate_state=(hidden, hidden), gate_heard=(triplet, hidden), gate_bias=(hidden,))
    if config['layer_norm']:
        found.update(norm_scale=(hidden,), norm_shift=(hidden,))
    return found


def checked(config, weights):
    """(config, arrays) from the bytes of both files. Throws Refused('bad_submission'); the evaluator says so before a worker is started."""
    config = read_config(config, CONFIG, FIELDS)
    arrays = read_npz(weights, WEIGHTS, MAX_BYTES)
    check_arrays(arrays, shapes(config), WEIGHTS)
    return config, {name: value.astype(np.float32) for name, value in arrays.items()}


def prepare(folder):
    return checked((Path(folder) / CONFIG).read_bytes(), (Path(folder) / WEIGHTS).read_bytes())


def call(state, _header, arrays):
    config, own = state
    return {'pointers': np.stack([pointers(config, own, one.astype(np.float32)) for one in arrays['weights']])}


def pointers(config, own, weights):
    """For every pair (i, j) of one graph the node it points at."""
    inputs = np.stack([weights, (weights > 0).astype(np.float32), np.eye(len(weights), dtype=np.float32)], axis=2)
    states = np.maximum(inputs @ own['start'] + own['start_bias'], 0)
    for _ in range(config['steps']):
        heard = (states @ own['first'])[:, None] + (states @ own['second']).transpose(1, 0, 2)[None] + (states @ own['pair'])[:, :, None]
        heard = {'max': np.max, 'mean': np.mean, 'sum': np.sum}[config['aggregation']](np.maximum(heard + own['message_bias'], 0), axis=2)
        new = np.maximum(states @ own['state'] + inputs @ own['input'] + heard @ own['heard'] + own['update_bias'], 0)
        if config['gate']:
            share = 1 / (1 + np.exp(-np.clip(states @ own['gate_state'] + heard @ own['gate_heard'] + own['gate_bias'], -60, 60)))
            new = share * new + (1 - share) * states
        elif config['residual']:
            new = states + new
        if config['layer_norm']:
            new = (new - new.mean(2, keepdims=True)) / np.sqrt(new.var(2, keepdims=True) + 1e-5) * own['norm_scale'] + own['norm_shift']
        states = new
    scores = (states @ own['point_pair'])[:, :, None] + (states @ own['point_first'])[:, None] + (inputs @ own['point_way']).transpose(1, 0, 2)[None]
    return (np.maximum(scores + own['point_bias'], 0) @ own['point']).argmax(2)


if __name__ == '__main__':
    serve_files(prepare, call)
