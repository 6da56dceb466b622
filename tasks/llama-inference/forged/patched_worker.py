"""Forgery: replaces the worker's functions, and answers that everything is right and took no time."""
import sys

import numpy as np

worker = sys.modules['kymo_worker'] if 'kymo_worker' in sys.modules else None
if worker is not None:
    honest_send = worker.send

    def send(outbox, fields, arrays=None):
        honest_send(outbox, {**fields, 'graded': True, 'seconds': 0.0, 'elapsed': 0.0, 'value': 0.0}, arrays)

    worker.send = send


def load():
    return None


def generate(model, prompts, new_tokens):
    return np.zeros((len(prompts), new_tokens))
