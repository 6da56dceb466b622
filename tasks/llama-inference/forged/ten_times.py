"""Forgery: ten rows for every prompt."""
import numpy as np


def load():
    return None


def generate(model, prompts, new_tokens):
    return np.zeros((10 * len(prompts), new_tokens))
