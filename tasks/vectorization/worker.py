"""Sandboxed side of the grading: holds the submission's layer and calls its forward pass."""
from kymo_worker import serve


def prepare(module):
    return module.ConvLayer(in_channels=3, filters=8, kernel=3, stride=2, pad=2)


def call(layer, _header, arrays):
    layer.weights = arrays['weights']
    layer.bias = arrays['bias']
    return {'output': layer.forward(arrays['images'])}


if __name__ == '__main__':
    serve(prepare, call)
