"""Forgery: all weights zero, so that every pair points at the first node."""
import torch

from net import Net

net = Net()
with torch.no_grad():
    for value in net.parameters():
        value.zero_()
net.save()
