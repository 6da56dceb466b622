"""Teaches the baseline network of the CLRS benchmark (JAX, Haiku) the algorithm of Floyd and Warshall on small graphs."""
import json
import os

import clrs
import jax
import numpy as np

SIZES, BATCH, STEPS, EVERY, SEED = (4, 7, 11, 13, 16), 32, 500, 50, 42
RATE, CLIP = 1e-3, 1.0
CONFIG = {
    'processor': 'triplet_gmpnn', 'hidden': 128, 'triplet': 8, 'heads': 1, 'steps': 1, 'layer_norm': True, 'lstm': False,
    'hints': 'encoded_decoded', 'repredicted': 'soft', 'encoder_init': 'xavier_on_scalars',
}


def batches(size, random):
    """Endless batches of graphs with `size` nodes, whose positions are drawn anew so that the model cannot lean on them."""
    sampler, spec = clrs.build_sampler('floyd_warshall', seed=int(random.integers(2 ** 31)), num_samples=1000, length=size)
    while True:
        batch = sampler.next(BATCH)
        for point in batch.features.inputs:
            if point.name == 'pos':
                point.data = np.sort(random.uniform(size=point.data.shape), axis=1)
        yield batch


def model_for(examples):
    processor = clrs.get_processor_factory(CONFIG['processor'], use_ln=CONFIG['layer_norm'], nb_triplet_fts=CONFIG['triplet'], nb_heads=CONFIG['heads'])
    return clrs.models.BaselineModel(
        spec=clrs.SPECS['floyd_warshall'], dummy_trajectory=examples, processor_factory=processor, hidden_dim=CONFIG['hidden'], nb_msg_passing_steps=CONFIG['steps'],
        use_lstm=CONFIG['lstm'], encode_hints=CONFIG['hints'] == 'encoded_decoded', decode_hints=CONFIG['hints'] != 'none', hint_repred_mode=CONFIG['repredicted'],
        encoder_init=CONFIG['encoder_init'], learning_rate=RATE, grad_clip_max_norm=CLIP)


def save(model, folder='checkpoints'):
    """What is submitted: plain arrays, one for each weight."""
    os.makedirs(folder, exist_ok=True)
    with open(f'{folder}/config.json', 'w') as file:
        json.dump(CONFIG, file)
    np.savez(f'{folder}/weights.npz', **{f'{module}|{name}': np.asarray(value) for module, own in model.params.items() for name, value in own.items()})


def main():
    random = np.random.default_rng(SEED)
    keys = jax.random.PRNGKey(SEED)
    streams = [batches(size, random) for size in SIZES]
    valid, _ = clrs.build_sampler('floyd_warshall', seed=SEED, num_samples=32, length=16)
    valid = valid.next()
    examples = next(streams[-1])
    model = model_for(examples)
    model.init(examples.features, SEED)
    best = -1.0
    for step in range(1, STEPS + 1):
        keys, key = jax.random.split(keys)
        loss = model.feedback(key, next(streams[step % len(streams)]))
        if step % EVERY == 0 or step == STEPS:
            keys, key = jax.random.split(keys)
            outputs, _ = model.predict(key, valid.features)
            accuracy = float((np.asarray(outputs['Pi'].data) == valid.outputs[0].data).mean())
            print(f'step {step}: loss {float(loss):.4f}, accuracy on graphs of 16 nodes {accuracy:.4f}', flush=True)
            if accuracy > best:
                best = accuracy
                save(model)


if __name__ == '__main__':
    main()
