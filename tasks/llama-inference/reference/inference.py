"""Continues prompts with a small language model: all prompts at once, and keys and values of what was read are kept."""
import time

import numpy as np

from model import Model

BATCH, CONTEXT, NEW_TOKENS = 4, 32, 12


class Fast:
    """The weights in the order in which they are used; query, key and value as one matrix, gate and up as another. Angles are computed once."""

    def __init__(self, model):
        config, weights = model.config, model.weights
        self.config, self.embedding = config, weights['embedding']
        self.layers = []
        for layer in range(config['layers']):
            own = {name: weights[f'layers.{layer}.{name}'] for name in ('attention_norm', 'query', 'key', 'value', 'attention_out', 'feed_norm', 'gate', 'up', 'down')}
            scale = np.float32((config['width'] // config['heads']) ** -0.5)
            self.layers.append((
                np.ascontiguousarray(own['attention_norm'][:, None] * np.concatenate([own['query'] * scale, own['key'], own['value']], axis=1)), own['attention_out'],
                np.ascontiguousarray(own['feed_norm'][:, None] * np.concatenate([own['gate'], own['up']], axis=1)), own['down']))
        self.output = weights['final_norm'][:, None] * weights['output']
        half = config['width'] // config['heads'] // 2
        angles = np.arange(config['context'])[:, None] * config['rope_base'] ** (-np.arange(half) / half)
        self.cosine, self.sine = np.cos(angles).astype(np.float32), np.sin(angles).astype(np.float32)

    def norm(self, values):
        return values / np.sqrt(np.einsum('...i,...i->...', values, values)[..., None] / np.float32(values.shape[-1]) + np.float32(self.config['norm_epsilon']))

    def rotate(self, values, begin):
        """`values` (batch, heads, length, size)."""
        half, end = values.shape[-1] // 2, begin + values.shape[2]
        cosine, sine = self.cosine[begin:end], self.sine[begin:end]
        first, second = values[..., :half], values[..., half:]
        return np.concatenate([first * cosine - second * sine, first * sine + second * cosine], axis=-1)

    def step(self, tokens, cache, begin):
        """Scores of what follows the last of `tokens` (batch, length), which come after `begin` others whose keys and values are in `cache`."""
        batch, length = tokens.shape
        heads = self.config['heads']
        values = self.embedding[tokens]
        future = np.triu(np.full((length, length), -np.inf, np.float32), 1) if length > 1 else None
        for (qkv, out, gate_up, down), (keys, kept) in zip(self.layers, cache):
            mixed = (self.norm(values) @ qkv).reshape(batch, length, 3, heads, -1).transpose(2, 0, 3, 1, 4)
            query = self.rotate(mixed[0], begin)
            keys[:, :, begin:begin + length], kept[:, :, begin:begin + length] = self.rotate(mixed[1], begin), mixed[2]
            scores = query @ keys[:, :, :begin + length].transpose(0, 1, 3, 2)
            if future is not None:
                scores = scores + future
            shares = np.exp(scores - scores.max(-1, keepdims=True))
            seen = (shares @ kept[:, :, :begin + length]) / shares.sum(-1, keepdims=True)
            values = values + seen.transpose(0, 2, 1, 3).reshape(batch, length, -1) @ out
            both = self.norm(values) @ gate_up
            gate, up = np.split(both, 2, axis=-1)
            values = values + (gate / (1 + np.exp(-gate)) * up) @ down
        return self.norm(values[:, -1]) @ self.output


def load():
    return Fast(Model('model'))


def generate(model, prompts, new_tokens):
    batch, length = prompts.shape
    shape = (batch, model.config['heads'], length + new_tokens, model.config['width'] // model.config['heads'])
    cache = [(np.empty(shape, np.float32), np.empty(shape, np.float32)) for _ in model.layers]
    answers = np.empty((batch, new_tokens), np.int64)
    tokens, begin = prompts, 0
    for index in range(new_tokens):
        answers[:, index] = model.step(tokens, cache, begin).argmax(1)
        begin += tokens.shape[1]
        tokens = answers[:, index:index + 1]
    return answers


def main():
    model = load()
    random = np.random.default_rng(1)
    seconds = []
    for batch in range(3):
        prompts = random.integers(model.config['vocabulary'], size=(BATCH, CONTEXT))
        started = time.perf_counter()
        tokens = generate(model, prompts, NEW_TOKENS)
        seconds.append(time.perf_counter() - started)
        print(f'batch {batch + 1}: {seconds[-1]:.4f} s, first answer {tokens[0].tolist()}', flush=True)
    print(f'average time of a batch: {sum(seconds) / len(seconds):.4f} s')
    with open('submission.csv', 'w') as file:
        file.write(f'{sum(seconds) / len(seconds):.6f}\n')


if __name__ == '__main__':
    main()
