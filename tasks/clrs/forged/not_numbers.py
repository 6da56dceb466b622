"""Forgery: NaN and infinite weights."""
import torch

from net import Net

net = Net()
with torch.no_grad():
    net.point.fill_(float('nan'))
    net.start.fill_(float('inf'))
net.save()
