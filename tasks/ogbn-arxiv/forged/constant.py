"""Forgery: the most frequent field for every paper."""
import csv

import numpy as np

with np.load('networks/graph.npz') as graph:
    test = graph['test'].tolist()
    labels = graph['labels']

often = int(np.bincount(labels[labels >= 0]).argmax())
rows = [[paper, often] for paper in test]
with open('submission.csv', 'w', newline='') as file:
    csv.writer(file).writerows([['paper', 'field'], *rows])
