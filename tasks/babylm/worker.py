"""Sandboxed side of the grading, small profile: the network of net.py in numpy, with the submitted weights. Nothing of the submission is imported."""
from pathlib import Path

import numpy as np

from kymo_task import Refused
from kymo_weights import check_arrays, read_config, read_npz, serve_files

FIELDS = {'layers': (1, 6), 'width': (8, 256), 'heads': (1, 16), 'inner': (8, 1024), 'context': (16, 512)}
CONFIG, WEIGHTS = 'output/config.json', 'output/weights.npz'
MAX_BYTES = 48 << 20


def shapes(config):
    width, inner = config['width'], config['inner']
    found = {'bytes': (256, width), 'positions': (config['context'], width), 'last_scale': (width,), 'last_shift': (width,)}
    for layer in range(config['layers']):
        found.update({f'{layer}.{name}': shape for name, shape in (
            ('look_scale', (width,)), ('look_shift', (width,)), ('look', (width, 3 * width)), ('look_bias', (3 * width,)), ('seen', (width, width)), ('seen_bias', (width,)),
            ('think_scale', (width,)), ('think_shift', (width,)), ('think', (width, inner)), ('think_bias', (inner,)), ('said', (inner, width)), ('said_bias', (width,)))})
    return found


def checked(config, weights):
    """(config, arrays) from the bytes of both files. Throws Refused('bad_submission'); the evaluator says so before a worker is started."""
    config = read_config(config, CONFIG, FIELDS)
    if config['width'] % config['heads']:
        raise Refused('bad_submission', f'{CONFIG}: a width of {config["width"]} cannot be shared by {config["heads"]} heads.')
    arrays = read_npz(weights, WEIGHTS, MAX_BYTES)
    check_arrays(arrays, shapes(config), WEIGHTS)
    return config, {name: value.astype(np.float32) for name, value in arrays.items()}


def prepare(folder):
    return checked((Path(folder) / CONFIG).read_bytes(), (Path(folder) / WEIGHTS).read_bytes())


def call(state, _header, arrays):
    """Natural logarithms of what was given to each token of `blocks` (count, length + 1) but the first of a block."""
    config, own = state
    blocks = arrays['blocks'].astype(np.int64)
    return {'logs': logs(config, own, blocks[:, :-1], blocks[:, 1:])}


def norm(values, scale, shift):
    centred = values - values.mean(-1, keepdims=True)
    return centred / np.sqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * scale + shift


def logs(config, own, text, following):
    count, length = text.shape
    heads, width = config['heads'], config['width']
    values = own['bytes'][text] + own['positions'][:length]
    future = np.triu(np.full((length, length), -np.inf, np.float32), 1)
    for layer in range(config['layers']):
        part = lambda name: own[f'{layer}.{name}']
        looked = norm(values, part('look_scale'), part('look_shift')) @ part('look') + part('look_bias')
        query, key, value = looked.reshape(count, length, 3, heads, width // heads).transpose(2, 0, 3, 1, 4)
        scores = query @ key.transpose(0, 1, 3, 2) * np.float32((width // heads) ** -0.5) + future
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        seen = (shares @ value) / shares.sum(-1, keepdims=True)
        values = values + seen.transpose(0, 2, 1, 3).reshape(count, length, width) @ part('seen') + part('seen_bias')
        thought = norm(values, part('think_scale'), part('think_shift')) @ part('think') + part('think_bias')
        thought = thought / 2 * (1 + np.tanh(np.float32((2 / np.pi) ** 0.5) * (thought + np.float32(0.044715) * thought ** 3)))
        values = values + thought @ part('said') + part('said_bias')
    scores = (norm(values, own['last_scale'], own['last_shift']) @ own['bytes'].T).astype(np.float64)
    scores -= scores.max(-1, keepdims=True)
    return np.take_along_axis(scores, following[:, :, None], 2)[:, :, 0] - np.log(np.exp(scores).sum(-1))


if __name__ == '__main__':
    serve_files(prepare, call)
