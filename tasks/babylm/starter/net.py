"""A small GPT over bytes, in PyTorch. The grader has its own, which computes the same from `config.json` and `weights.npz`; this file is read-only."""
import json
import os

import numpy as np
import torch
from torch import nn
from torch.nn.functional import gelu, layer_norm

BYTES = 256
DEFAULTS = {'layers': 2, 'width': 64, 'heads': 4, 'inner': 256, 'context': 128}


def shapes(config):
    """Names and shapes of all weights."""
    width, inner = config['width'], config['inner']
    found = {'bytes': (BYTES, width), 'positions': (config['context'], width), 'last_scale': (width,), 'last_shift': (width,)}
    for layer in range(config['layers']):
        found.update({f'{layer}.{name}': shape for name, shape in (
            ('look_scale', (width,)), ('look_shift', (width,)), ('look', (width, 3 * width)), ('look_bias', (3 * width,)), ('seen', (width, width)), ('seen_bias', (width,)),
            ('think_scale', (width,)), ('think_shift', (width,)), ('think', (width, inner)), ('think_bias', (inner,)), ('said', (inner, width)), ('said_bias', (width,)))})
    return found


class Net(nn.Module):
    """The scores of the next byte are products with the bytes' own vectors."""

    def __init__(self, dropout=0.0, **settings):
        super().__init__()
        self.config, self.dropout = {**DEFAULTS, **settings}, nn.Dropout(dropout)
        self.own = nn.ParameterDict()
        for name, shape in shapes(self.config).items():
            value = torch.ones(shape) if name.endswith('scale') else torch.zeros(shape) if len(shape) == 1 else 0.02 * torch.randn(shape)
            self.own[name.replace('.', '-')] = nn.Parameter(value)

    def forward(self, text):
        """Scores (batch, length, 256) of what follows each byte of `text` (batch, length)."""
        count, length = text.shape
        heads, width = self.config['heads'], self.config['width']
        values = self.dropout(self.own['bytes'][text] + self.own['positions'][:length])
        future = torch.triu(torch.full((length, length), float('-inf')), 1)
        for layer in range(self.config['layers']):
            own = {name: self.own[f'{layer}-{name}'] for name in ('look_scale', 'look_shift', 'look', 'look_bias', 'seen', 'seen_bias', 'think_scale', 'think_shift', 'think', 'think_bias', 'said', 'said_bias')}
            looked = layer_norm(values, (width,), own['look_scale'], own['look_shift']) @ own['look'] + own['look_bias']
            query, key, value = looked.view(count, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
            shares = torch.softmax(query @ key.transpose(2, 3) * (width // heads) ** -0.5 + future, dim=3)
            seen = (shares @ value).transpose(1, 2).reshape(count, length, width)
            values = values + self.dropout(seen @ own['seen'] + own['seen_bias'])
            thought = gelu(layer_norm(values, (width,), own['think_scale'], own['think_shift']) @ own['think'] + own['think_bias'], approximate='tanh')
            values = values + self.dropout(thought @ own['said'] + own['said_bias'])
        return layer_norm(values, (width,), self.own['last_scale'], self.own['last_shift']) @ self.own['bytes'].T

    def save(self, folder='output'):
        """What is submitted."""
        os.makedirs(folder, exist_ok=True)
        with open(f'{folder}/config.json', 'w') as file:
            json.dump(self.config, file)
        np.savez(f'{folder}/weights.npz', **{name.replace('-', '.'): value.detach().numpy() for name, value in self.own.items()})
