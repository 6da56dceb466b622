"""Forgery: a proper archive whose arrays are objects, which numpy would unpickle if it were allowed to."""
import numpy as np

from net import Net


class Trap:
    def __reduce__(self):
        return exec, ("open('/tmp/owned', 'w').write('1')",)


net = Net()
net.save()
np.savez('checkpoints/weights.npz', **{name: np.array([Trap()], dtype=object) for name, _ in net.named_parameters()})
