"""The network, in PyTorch. The grader has its own, which computes the same from `config.json` and `weights.npz`; this file is read-only.

Every pair of nodes (i, j) has a state. In each step it hears from all nodes k what the pairs (i, k) and (k, j) have to say, and changes.
At the end each pair points at the node k that its own state, that of (i, k) and the way from k to j speak for.
"""
import json
import os

import numpy as np
import torch
from torch import nn

DEFAULTS = {'hidden': 16, 'triplet': 8, 'steps': 2, 'aggregation': 'mean', 'residual': False, 'gate': False, 'layer_norm': False}


def shapes(config):
    """Names and shapes of all weights."""
    hidden, triplet = config['hidden'], config['triplet']
    found = {
        'start': (3, hidden), 'start_bias': (hidden,),
        'pair': (hidden, triplet), 'first': (hidden, triplet), 'second': (hidden, triplet), 'message_bias': (triplet,),
        'state': (hidden, hidden), 'input': (3, hidden), 'heard': (triplet, hidden), 'update_bias': (hidden,),
        'point_pair': (hidden, triplet), 'point_first': (hidden, triplet), 'point_way': (3, triplet), 'point_bias': (triplet,), 'point': (triplet,),
    }
    if config['gate']:
        found.update(gate_state=(hidden, hidden), gate_heard=(triplet, hidden), gate_bias=(hidden,))
    if config['layer_norm']:
        found.update(norm_scale=(hidden,), norm_shift=(hidden,))
    return found


class Net(nn.Module):
    def __init__(self, **settings):
        super().__init__()
        self.config = {**DEFAULTS, **settings}
        for name, shape in shapes(self.config).items():
            value = torch.ones(shape) if name == 'norm_scale' else torch.zeros(shape) if len(shape) == 1 and name != 'point' else torch.randn(shape) / shape[0] ** 0.5
            self.register_parameter(name, nn.Parameter(value))

    def forward(self, weights, steps=None):
        """Scores (batch, i, j, k) of pointing from the pair (i, j) at k. `steps` may differ from the config's while training."""
        count, size, _ = weights.shape
        inputs = torch.stack([weights, (weights > 0).to(weights.dtype), torch.eye(size).expand(count, size, size)], dim=3)
        states = torch.relu(inputs @ self.start + self.start_bias)
        for _ in range(steps or self.config['steps']):
            heard = (states @ self.first)[:, :, None, :, :] + (states @ self.second).transpose(1, 2)[:, None, :, :, :] + (states @ self.pair)[:, :, :, None, :]
            heard = self.aggregate(torch.relu(heard + self.message_bias))
            new = torch.relu(states @ self.state + inputs @ self.input + heard @ self.heard + self.update_bias)
            if self.config['gate']:
                share = torch.sigmoid(states @ self.gate_state + heard @ self.gate_heard + self.gate_bias)
                new = share * new + (1 - share) * states
            elif self.config['residual']:
                new = states + new
            if self.config['layer_norm']:
                new = nn.functional.layer_norm(new, new.shape[3:], self.norm_scale, self.norm_shift, 1e-5)
            states = new
        scores = (states @ self.point_pair)[:, :, :, None, :] + (states @ self.point_first)[:, :, None, :, :] + (inputs @ self.point_way).transpose(1, 2)[:, None, :, :, :]
        return torch.relu(scores + self.point_bias) @ self.point

    def aggregate(self, heard):
        """Over the nodes k."""
        kind = self.config['aggregation']
        return heard.amax(3) if kind == 'max' else heard.sum(3) if kind == 'sum' else heard.mean(3)

    def save(self, folder='checkpoints'):
        """What is submitted."""
        os.makedirs(folder, exist_ok=True)
        with open(f'{folder}/config.json', 'w') as file:
            json.dump(self.config, file)
        np.savez(f'{folder}/weights.npz', **{name: value.detach().numpy() for name, value in self.named_parameters()})
