"""Forgery: takes the input and never answers."""
import time


class ConvLayer:
    def __init__(self, in_channels, filters, kernel, stride, pad):
        self.filters, self.kernel, self.stride, self.pad = filters, kernel, stride, pad

    def shape(self, images):
        rows, columns = ((size + 2 * self.pad - self.kernel) // self.stride + 1 for size in images.shape[1:3])
        return len(images), rows, columns, self.filters

    def forward(self, images):
        while True:
            time.sleep(3600)
