"""Forgery: weights that make every pair point at its own start, which is right where there is a direct way. (The pairs (i, i) are told from the others by their way to themselves.)"""
import torch

from net import Net

net = Net(hidden=4, triplet=4, steps=1)
with torch.no_grad():
    for value in net.parameters():
        value.zero_()
    # state[0] of the pair (i, k) is 1 where i = k: the third input says so.
    net.start[2, 0] = 1
    net.state[0, 0] = 1
    net.point_first[0, 0] = 1
    net.point[0] = 1
net.save()
