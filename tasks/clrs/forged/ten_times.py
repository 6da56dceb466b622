"""Forgery: ten times the weights, of a network larger than it says."""
import json

from net import Net

Net(hidden=160, triplet=80).save()
with open('checkpoints/config.json') as file:
    config = json.load(file)
with open('checkpoints/config.json', 'w') as file:
    json.dump({**config, 'hidden': 16, 'triplet': 8}, file)
