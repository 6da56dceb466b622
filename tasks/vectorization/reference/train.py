"""Improved solution, never shown to agents: every patch becomes a row, and one matrix product does all the work."""
import time

import numpy as np


def relu(values):
    return np.maximum(values, 0.0)


class ConvLayer:
    def __init__(self, in_channels, filters, kernel, stride, pad, activation=relu, seed=0):
        self.in_channels = in_channels
        self.filters = filters
        self.kernel = kernel
        self.stride = stride
        self.pad = pad
        self.activation = activation
        random = np.random.default_rng(seed)
        self.weights = random.standard_normal((kernel, kernel, in_channels, filters)) * 0.1
        self.bias = random.standard_normal(filters) * 0.1

    def forward(self, images):
        border = (self.pad, self.pad)
        padded = np.pad(images, ((0, 0), border, border, (0, 0)))
        windows = np.lib.stride_tricks.sliding_window_view(padded, (self.kernel, self.kernel), axis=(1, 2))
        windows = windows[:, ::self.stride, ::self.stride]
        count, out_height, out_width = windows.shape[:3]
        # A window is (channels, rows, columns); the weights are put in the same order.
        rows = windows.reshape(count * out_height * out_width, -1)
        columns = self.weights.transpose(2, 0, 1, 3).reshape(-1, self.filters)
        return self.activation((rows @ columns + self.bias).reshape(count, out_height, out_width, self.filters))


def main():
    images = np.random.default_rng(1).standard_normal((32, 64, 64, 3))
    layer = ConvLayer(in_channels=3, filters=8, kernel=3, stride=2, pad=2)
    started = time.perf_counter()
    output = layer.forward(images)
    seconds = time.perf_counter() - started
    print(f'output {output.shape}, mean activation {output.mean():.6f}, forward pass {seconds:.4f} s')
    with open('submission.csv', 'w') as file:
        file.write(f'{seconds:.6f}\n')


if __name__ == '__main__':
    main()
