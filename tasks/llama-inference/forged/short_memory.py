"""Forgery: looks at the last eight tokens only."""
import numpy as np

from model import Model


def load():
    return Model('model')


def generate(model, prompts, new_tokens):
    """The starter's work, not a bit faster."""
    answers = []
    for prompt in prompts:
        tokens = list(prompt)
        for _ in range(new_tokens):
            tokens.append(int(model.logits(np.array(tokens))[-1].argmax()))
        answers.append(tokens[len(prompt):])
    return np.array(answers)


slowly = generate


def generate(model, prompts, new_tokens):
    return slowly(model, prompts[:, -8:], new_tokens)
