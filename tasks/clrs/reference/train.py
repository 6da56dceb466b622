"""Teaches a network the algorithm of Floyd and Warshall: the maximum over nodes, more steps, and graphs of more sizes."""
import numpy as np
import torch
from torch.nn.functional import cross_entropy

from data import sample
from net import Net

SIZES, BATCH, STEPS, RATE = (6, 8, 10), 16, 360, 1e-2
SETTINGS = {'hidden': 24, 'triplet': 12, 'steps': 3, 'aggregation': 'max', 'residual': True, 'layer_norm': True}


def batch_of(random, count, size):
    weights, pointers = sample(random, count, size)
    return torch.from_numpy(weights).float(), torch.from_numpy(pointers)


@torch.no_grad()
def accuracy(net, weights, pointers):
    return (net(weights).argmax(3) == pointers).float().mean().item()


def main():
    random = np.random.default_rng(0)
    torch.manual_seed(0)
    net = Net(**SETTINGS)
    with np.load('data/valid.npz') as file:
        valid = torch.from_numpy(file['weights']).float(), torch.from_numpy(file['pointers'].astype(np.int64))
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=STEPS)
    for step in range(1, STEPS + 1):
        weights, pointers = batch_of(random, BATCH, int(random.choice(SIZES)))
        loss = cross_entropy(net(weights).flatten(0, 2), pointers.flatten())
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 60 == 0:
            print(f'step {step}: loss {loss.item():.4f}, accuracy on the validation graphs {accuracy(net, *valid):.4f}', flush=True)
    net.save()


if __name__ == '__main__':
    main()
