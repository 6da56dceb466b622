"""Forgery: NaN and infinite weights."""
import torch

from net import Net

net = Net()
with torch.no_grad():
    net.own['bytes'].fill_(float('nan'))
    net.own['positions'].fill_(float('inf'))
net.save()
