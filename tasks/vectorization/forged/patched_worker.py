"""Forgery: replaces the worker's functions, and says it took no time at all."""
import sys

import numpy as np


worker = sys.modules['kymo_worker']
honest_send, honest_receive = worker.send, worker.receive


def send(outbox, fields, arrays=None):
    honest_send(outbox, {**fields, 'graded': True, 'seconds': 0.0, 'elapsed': 0.0, 'value': 0.0, 'max_error': 0.0}, arrays)


worker.send = send
worker.receive = lambda inbox: honest_receive(inbox)


class ConvLayer:
    def __init__(self, in_channels, filters, kernel, stride, pad):
        self.filters, self.kernel, self.stride, self.pad = filters, kernel, stride, pad

    def shape(self, images):
        rows, columns = ((size + 2 * self.pad - self.kernel) // self.stride + 1 for size in images.shape[1:3])
        return len(images), rows, columns, self.filters

    def forward(self, images):
        return np.zeros(self.shape(images))
