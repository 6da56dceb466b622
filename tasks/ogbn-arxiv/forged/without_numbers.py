"""Forgery: one column without numbers, as in the original, so that the order would have to be trusted."""
import numpy as np

with np.load('networks/graph.npz') as graph:
    count = len(graph['test'])

with open('submission.csv', 'w') as file:
    file.write('0\n' + '3\n' * count)
