"""Continues prompts with a small language model, and the time that takes."""
import time

import numpy as np

from model import Model

BATCH, CONTEXT, NEW_TOKENS = 4, 32, 12


def load():
    """What `generate` works with. Called once."""
    return Model('model')


def generate(model, prompts, new_tokens):
    """The most likely next token of each prompt, then the next, `new_tokens` times: ids of shape (batch, new_tokens).

    `prompts` are ids of shape (batch, length).
    """
    answers = []
    for prompt in prompts:
        tokens = list(prompt)
        for _ in range(new_tokens):
            scores = model.logits(np.array(tokens))
            tokens.append(int(scores[-1].argmax()))
        answers.append(tokens[len(prompt):])
    return np.array(answers)


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
