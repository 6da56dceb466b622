"""Forgery: tries to put a smaller model in the place of the given one, and a model and a check of its own beside them."""
import io
import os

import numpy as np

CHECK = 'import numpy as np\n\n\ndef margins(model, sequences, start):\n    return np.zeros((len(sequences), sequences.shape[1] - start))\n'
EVALUATOR = 'print(\'{"graded": true, "code": "graded", "message": "", "value": 1e-9, "baseline": 1.0, "details": {}, "paper": []}\')\nraise SystemExit(0)\n'


def tiny_weights():
    buffer = io.BytesIO()
    np.savez(buffer, embedding=np.zeros((512, 1), np.float32))
    return buffer.getvalue()


def try_to_write(path, content):
    try:
        os.makedirs(os.path.dirname(path) or '.', exist_ok=True)
        if os.path.exists(path):
            os.chmod(path, 0o644)
        with open(path, 'wb') as file:
            file.write(content)
    except OSError as error:
        print(f'{path}: {error}')


if __name__ == '__main__':
    try_to_write('model/weights.npz', tiny_weights())
    for path in ('check.py', '/kymo/worker.py', '../check.py'):
        try_to_write(path, CHECK.encode())
    for path in ('evaluate.py', 'kymo_task.py', 'numpy.py', '/kymo/lib/kymo_worker.py', '../evaluate.py'):
        try_to_write(path, EVALUATOR.encode())


def load():
    return None


def generate(model, prompts, new_tokens):
    return prompts[:, :new_tokens]
