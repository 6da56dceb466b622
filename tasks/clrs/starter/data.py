"""Graphs, and what the algorithm of Floyd and Warshall finds in them. Read-only; make as many as you like, of any size.

A batch is `weights` (batch, n, n), the length of the way from i to j, 0 where there is none, and `pointers` (batch, n, n):
the node before j on the shortest path from i to j, or i where i = j or no path leads there.
"""
import numpy as np

CHANCE = 0.35


def sample(random, count, size):
    """`count` graphs of `size` nodes from a numpy.random.Generator."""
    ways = random.random((count, size, size)) < CHANCE
    ways &= ~np.eye(size, dtype=bool)
    weights = np.where(ways, random.uniform(0.01, 1.0, (count, size, size)), 0.0)
    return weights, floyd_warshall(weights)


def floyd_warshall(weights):
    count, size, _ = weights.shape
    lengths = np.where(weights > 0, weights, np.inf)
    lengths[:, np.arange(size), np.arange(size)] = 0
    pointers = np.broadcast_to(np.arange(size)[None, :, None], (count, size, size)).copy()
    for k in range(size):
        through = lengths[:, :, k, None] + lengths[:, None, k, :]
        shorter = through < lengths
        lengths = np.where(shorter, through, lengths)
        pointers = np.where(shorter, pointers[:, None, k, :], pointers)
    return pointers
