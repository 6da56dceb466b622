"""Forgery: no tokens at all are generated fastest."""
import numpy as np


def load():
    return None


def generate(model, prompts, new_tokens):
    return np.zeros((len(prompts), 0))
