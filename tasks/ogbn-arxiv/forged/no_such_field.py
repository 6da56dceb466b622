"""Forgery: fields that do not exist."""
import csv

import numpy as np

with np.load('networks/graph.npz') as graph:
    test = graph['test'].tolist()

rows = [[paper, -1 if index % 2 else 4000] for index, paper in enumerate(test)]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['paper', 'field'], *rows])
