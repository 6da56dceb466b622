"""Forgery: leaves out the last layer, which saves a quarter of the work and often gives plausible tokens."""
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


whole = load


def load():
    model = whole()
    model.config['layers'] -= 1
    return model
