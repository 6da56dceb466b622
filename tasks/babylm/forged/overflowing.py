"""Forgery: finite weights so large that probabilities come out as NaN, which a careless mean leaves out."""
import torch

from net import Net

net = Net()
with torch.no_grad():
    for value in net.own.values():
        value.fill_(3e38)
net.save()
