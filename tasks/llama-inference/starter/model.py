"""A small decoder in the manner of LLaMA, in numpy: RMS norms, rotary positions, causal attention, gated feed-forward. Read-only."""
import json

import numpy as np


class Model:
    """`config` is a dict of sizes, `weights` a dict of float32 arrays; matrices are (inputs, outputs)."""

    def __init__(self, folder='model'):
        with open(f'{folder}/config.json') as file:
            self.config = json.load(file)
        with np.load(f'{folder}/weights.npz', allow_pickle=False) as file:
            self.weights = {name: file[name] for name in file.files}

    def logits(self, tokens):
        """What follows each of `tokens` (one sequence of ids): scores of shape (length, vocabulary)."""
        config, weights = self.config, self.weights
        values = weights['embedding'][tokens]
        for layer in range(config['layers']):
            own = {name: weights[f'layers.{layer}.{name}'] for name in ('attention_norm', 'query', 'key', 'value', 'attention_out', 'feed_norm', 'gate', 'up', 'down')}
            inputs = norm(values, own['attention_norm'], config['norm_epsilon'])
            values = values + self.attention(inputs, own)
            inputs = norm(values, own['feed_norm'], config['norm_epsilon'])
            gate = inputs @ own['gate']
            values = values + (gate / (1 + np.exp(-gate)) * (inputs @ own['up'])) @ own['down']
        return norm(values, weights['final_norm'], config['norm_epsilon']) @ weights['output']

    def attention(self, inputs, own):
        """Every head looks from each position at itself and at what came before."""
        length, width = inputs.shape
        size = width // self.config['heads']
        queries, keys, values = inputs @ own['query'], inputs @ own['key'], inputs @ own['value']
        positions = np.arange(length)
        future = positions[None, :] > positions[:, None]
        mixed = np.zeros_like(inputs)
        for head in range(self.config['heads']):
            part = slice(head * size, (head + 1) * size)
            query = rotate(queries[:, part], positions, self.config['rope_base'])
            key = rotate(keys[:, part], positions, self.config['rope_base'])
            scores = query @ key.T / np.float32(size ** 0.5)
            scores[future] = -np.inf
            shares = np.exp(scores - scores.max(1, keepdims=True))
            mixed[:, part] = shares @ values[:, part] / shares.sum(1, keepdims=True)
        return mixed @ own['attention_out']


def norm(values, weight, epsilon):
    return values / np.sqrt((values * values).mean(-1, keepdims=True) + np.float32(epsilon)) * weight


def rotate(values, positions, base):
    """Turns each pair (i, i + half) of the last axis by an angle that grows with the position."""
    half = values.shape[-1] // 2
    angles = positions[:, None] * base ** (-np.arange(half) / half)
    cosine, sine = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)
    first, second = values[:, :half], values[:, half:]
    return np.concatenate([first * cosine - second * sine, first * sine + second * cosine], axis=1)
