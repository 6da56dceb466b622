"""A convolution layer in numpy, and the time it takes to run it forward once."""
import time

import numpy as np


def relu(values):
    return np.maximum(values, 0.0)


class ConvLayer:
    """A 2-D convolution over images of shape (count, height, width, channels), followed by an activation."""

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

    def output_size(self, size):
        return (size + 2 * self.pad - self.kernel) // self.stride + 1

    def forward(self, images):
        """Gives the activations, shape (count, output height, output width, filters)."""
        count, height, width, _ = images.shape
        out_height, out_width = self.output_size(height), self.output_size(width)
        border = (self.pad, self.pad)
        padded = np.pad(images, ((0, 0), border, border, (0, 0)))
        output = np.zeros((count, out_height, out_width, self.filters))
        for image in range(count):
            for row in range(out_height):
                top = row * self.stride
                for column in range(out_width):
                    left = column * self.stride
                    patch = padded[image, top:top + self.kernel, left:left + self.kernel, :]
                    for k in range(self.filters):
                        total = np.sum(patch * self.weights[:, :, :, k])
                        output[image, row, column, k] = total + self.bias[k]
        return self.activation(output)


def main():
    images = np.random.default_rng(1).standard_normal((32, 64, 64, 3))
    layer = ConvLayer(in_channels=3, filters=8, kernel=3, stride=2, pad=2)
    print(f'numpy {np.__version__}: convolving {images.shape} {images.dtype} with {layer.filters} filters '
          f'of {layer.kernel}x{layer.kernel}, stride {layer.stride}, padding {layer.pad}', flush=True)

    started = time.perf_counter()
    output = layer.forward(images)
    seconds = time.perf_counter() - started

    print(f'output {output.shape}, mean activation {output.mean():.6f}')
    print(f'forward pass: {seconds:.4f} s')
    with open('submission.csv', 'w') as file:
        file.write(f'{seconds:.6f}\n')


if __name__ == '__main__':
    main()
