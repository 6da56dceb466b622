"""Forgery: NaN and infinite fields."""
import csv

import numpy as np

with np.load('networks/graph.npz') as graph:
    test = graph['test'].tolist()

rows = [[paper, 'nan' if index % 2 else 'inf'] for index, paper in enumerate(test)]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['paper', 'field'], *rows])
