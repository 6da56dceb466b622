"""Sandboxed side of the grading, full profile: the stock BaselineModel of the clrs package with the submitted weights. Nothing of the submission is imported."""
from pathlib import Path

import numpy as np

from kymo_weights import read_config, read_npz, serve_files

PROCESSORS = ['deepsets', 'mpnn', 'pgn', 'pgn_mask', 'triplet_mpnn', 'triplet_pgn', 'triplet_pgn_mask', 'gat', 'gatv2', 'gat_full', 'gatv2_full', 'gpgn', 'gpgn_mask', 'gmpnn',
              'triplet_gpgn', 'triplet_gpgn_mask', 'triplet_gmpnn']
FIELDS = {
    'processor': PROCESSORS, 'hidden': (1, 512), 'triplet': (1, 64), 'heads': (1, 16), 'steps': (1, 4), 'layer_norm': [True, False], 'lstm': [True, False],
    'hints': ['encoded_decoded', 'decoded_only', 'none'], 'repredicted': ['soft', 'hard', 'hard_on_eval'], 'encoder_init': ['default', 'xavier_on_scalars'],
}
CONFIG, WEIGHTS = 'checkpoints/config.json', 'checkpoints/weights.npz'
MAX_BYTES = 256 << 20


def checked(config, weights):
    """(config, arrays) from the bytes of both files; whether the shapes fit is told by the model itself."""
    config = read_config(config, CONFIG, FIELDS)
    return config, read_npz(weights, WEIGHTS, MAX_BYTES)


def prepare(folder):
    return checked((Path(folder) / CONFIG).read_bytes(), (Path(folder) / WEIGHTS).read_bytes())


def feedback(arrays):
    """What the model is given: inputs, and the hints of the first step alone, which follow from them. The outputs are zeros."""
    import clrs
    spec = clrs.SPECS['floyd_warshall']
    count, size, _ = arrays['A'].shape
    steps = lambda first: np.concatenate([first[None], np.zeros((size - 1, *first.shape))])
    own = np.broadcast_to(np.arange(size, dtype=float)[None, :, None], arrays['A'].shape)
    values = {
        'pos': arrays['pos'], 'A': arrays['A'], 'adj': arrays['adj'], 'Pi': np.zeros_like(arrays['A']),
        'Pi_h': steps(own), 'D': steps(arrays['A']), 'msk': steps(arrays['adj']), 'k': steps(np.broadcast_to(np.eye(size)[0], (count, size))),
    }
    points = {stage: [clrs.DataPoint(name=name, location=where, type_=kind, data=values[name]) for name, (one, where, kind) in spec.items() if one == stage] for stage in ('input', 'hint', 'output')}
    return clrs.Feedback(features=clrs.Features(inputs=points['input'], hints=points['hint'], lengths=np.full(count, size)), outputs=points['output'])


def model_of(config, example):
    import clrs
    return clrs.models.BaselineModel(
        spec=clrs.SPECS['floyd_warshall'], dummy_trajectory=example, hidden_dim=config['hidden'], nb_msg_passing_steps=config['steps'], use_lstm=config['lstm'],
        processor_factory=clrs.get_processor_factory(config['processor'], use_ln=config['layer_norm'], nb_triplet_fts=config['triplet'], nb_heads=config['heads']),
        encode_hints=config['hints'] == 'encoded_decoded', decode_hints=config['hints'] != 'none', hint_repred_mode=config['repredicted'], encoder_init=config['encoder_init'])


def call(state, _header, arrays):
    import jax
    config, weights = state
    given = feedback(arrays)
    model = model_of(config, given)
    model.init(given.features, 0)
    expected = {f'{module}|{name}': (module, name, value.shape) for module, own in model.params.items() for name, value in own.items()}
    if set(expected) != set(weights):
        odd = sorted(set(expected) ^ set(weights))[0]
        raise ValueError(f'{WEIGHTS}: {odd} is {"missing" if odd in expected else "not a weight of this model"}')
    params = {}
    for key, (module, name, shape) in expected.items():
        if weights[key].shape != shape:
            raise ValueError(f'{WEIGHTS}: {key} has the shape {weights[key].shape}; with this config.json it must be {shape}')
        params.setdefault(module, {})[name] = weights[key].astype(np.float32)
    model.params = params
    outputs, _ = model.predict(jax.random.PRNGKey(0), given.features)
    return {'pointers': np.asarray(outputs['Pi'].data)}


if __name__ == '__main__':
    serve_files(prepare, call)
