"""How far given tokens are from the most likely ones. The grader uses this on its own copy of the starter; use it to test yours. Read-only.

    python check.py     compares generate() of inference.py with the model
"""
import numpy as np


def margins(model, sequences, start):
    """For each token from position `start` on: the best score at its place minus its own, 0 where it is the best. Shape (batch, length - start)."""
    found = []
    for sequence in sequences:
        scores = model.logits(sequence[:-1])[start - 1:]
        own = scores[np.arange(len(scores)), sequence[start:]]
        found.append(scores.max(1) - own)
    return np.array(found, dtype=np.float64)


def main():
    import inference
    from model import Model
    model = Model('model')
    prompts = np.random.default_rng(2).integers(model.config['vocabulary'], size=(inference.BATCH, inference.CONTEXT))
    tokens = inference.generate(inference.load(), prompts, inference.NEW_TOKENS)
    worst = margins(model, np.concatenate([prompts, tokens], axis=1), inference.CONTEXT).max()
    print(f'{"same tokens" if worst <= 0.001 else "WRONG tokens"}: the worst is {worst:.6f} below the best')


if __name__ == '__main__':
    main()
