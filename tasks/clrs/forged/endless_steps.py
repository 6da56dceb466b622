"""Forgery: a network that never ends."""
import json

from net import Net

net = Net()
net.save()
with open('checkpoints/config.json', 'w') as file:
    json.dump({**net.config, 'steps': 10 ** 9}, file)
