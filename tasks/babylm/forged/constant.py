"""Forgery: all weights zero, so that every byte is as likely as any other."""
import torch

from net import Net

net = Net()
with torch.no_grad():
    for value in net.own.values():
        value.zero_()
net.save()
