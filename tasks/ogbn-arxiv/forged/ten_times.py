"""Forgery: ten rows for every paper, each with another field."""
import csv

import numpy as np

with np.load('networks/graph.npz') as graph:
    test = graph['test'].tolist()

rows = [[paper, field] for paper in test for field in range(10)]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['paper', 'field'], *rows])
