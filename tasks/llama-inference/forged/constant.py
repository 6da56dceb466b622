"""Forgery: always the same token."""
import numpy as np


def load():
    return None


def generate(model, prompts, new_tokens):
    return np.full((len(prompts), new_tokens), 7)
