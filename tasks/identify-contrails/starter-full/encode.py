"""Masks as runs of pixels, the way submission.csv has them."""
import numpy as np


def encode(mask):
    """ "start length start length ...", counted from 1, column after column; "-" for an empty mask."""
    flat = np.concatenate([[0], np.asarray(mask).T.reshape(-1).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(flat)) + 1
    return ' '.join(f'{start} {end - start}' for start, end in zip(edges[::2], edges[1::2])) or '-'


def decode(text, shape):
    """The mask of such a text."""
    flat = np.zeros(shape[0] * shape[1], np.int8)
    numbers = [] if text == '-' else list(map(int, text.split()))
    for start, length in zip(numbers[::2], numbers[1::2]):
        flat[start - 1:start - 1 + length] = 1
    return flat.reshape(shape[1], shape[0]).T
