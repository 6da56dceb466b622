"""Forgery: NaN is not below anything, and infinity is above everything."""
import numpy as np


def load():
    return None


def generate(model, prompts, new_tokens):
    tokens = np.full((len(prompts), new_tokens), np.nan)
    tokens[:, ::2] = np.inf
    return tokens
