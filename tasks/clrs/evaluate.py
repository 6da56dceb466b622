"""Grades a trained network by the share of pointers it gets right on graphs larger than those it learned from.

The submission is `checkpoints/config.json` and `checkpoints/weights.npz`. A sandbox without the answers computes with them, by the grader's own network.
"""
import math
import os

import numpy as np

from kymo_task import Refused, Worker, grade, read_submitted

BATCH = 8


def evaluate(request):
    full = request['profile'] == 'full'
    if full:
        from worker_full import CONFIG, MAX_BYTES, WEIGHTS, checked
    else:
        from worker import CONFIG, MAX_BYTES, WEIGHTS, checked
    files = [read_submitted(request['tree_dir'], path, limit) for path, limit in ((CONFIG, 1 << 16), (WEIGHTS, 2 * MAX_BYTES))]
    config, arrays = checked(*files)
    for name, value in arrays.items():
        if not np.isfinite(value).all():
            raise Refused('bad_submission', f'{WEIGHTS}: {name} holds values that are not finite numbers.')
    with np.load(os.path.join(request['answers_dir'], 'test.npz'), allow_pickle=False) as file:
        inputs = {name: np.ascontiguousarray(file[name], '<f8') for name in file.files if name != 'pointers'}
        answers = file['pointers']
    value = float((predicted(request, inputs, answers.shape, full) == answers).mean())
    own = np.broadcast_to(np.arange(answers.shape[1])[None, :, None], answers.shape)
    details = {'graphs': len(answers), 'nodes': answers.shape[1], 'config': config, 'weights': sum(array.size for array in arrays.values()), 'pointing at the start': float((own == answers).mean())}
    return {'value': value, 'details': details, 'paper': []}


def predicted(request, inputs, shape, whole):
    found = []
    limits = request['limits']
    with Worker(request['submission'], 'the network') as worker:
        worker.ready(limits['start_seconds'])
        for begin in range(0, shape[0], shape[0] if whole else BATCH):
            part = {name: value[begin:begin + (shape[0] if whole else BATCH)] for name, value in inputs.items()}
            expected = (len(next(iter(part.values()))), *shape[1:])
            header, payload, _ = worker.call({}, part, limits['call_seconds'], max_bytes=8 * math.prod(expected))
            if len(header['arrays']) != 1 or tuple(header['arrays'][0]['shape']) != expected:
                raise Refused('wrong_output', f'the network gave no pointers of shape {expected}.')
            found.append(np.frombuffer(payload, '<f8').reshape(expected))
    return np.concatenate(found)


if __name__ == '__main__':
    grade(evaluate)
