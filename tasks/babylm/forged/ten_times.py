"""Forgery: ten times the weights, of a network larger than it says."""
import json

from net import Net

Net(width=640, heads=4, inner=2560, layers=1).save()
with open('output/config.json') as file:
    config = json.load(file)
with open('output/config.json', 'w') as file:
    json.dump({**config, 'width': 64, 'inner': 256}, file)
