"""Grades a forward pass by our own clock: seconds of the submission against seconds of the starter, measured in turn on the same fresh inputs.

Each timing has a process of its own and no two of them live at the same time, so one cannot slow the other down or remember an earlier answer.
"""
import math
import os
import platform
import statistics

import numpy as np

from kymo_task import Refused, Worker, grade, read_submitted

SHAPE = (32, 64, 64, 3)
FILTERS, KERNEL, STRIDE, PAD = 8, 3, 2, 2
WARM_UP_IMAGES = 2
TOLERANCE = 1e-9
PAPER_BASELINE = 6.1742
PAPER_UNREADABLE = 1e10


def expected(images, weights, bias):
    """What the starter computes, in one product per position of the kernel."""
    padded = np.pad(images, ((0, 0), (PAD, PAD), (PAD, PAD), (0, 0)))
    count, height, width, _ = images.shape
    rows, columns = ((size + 2 * PAD - KERNEL) // STRIDE + 1 for size in (height, width))
    total = np.zeros((count, rows, columns, FILTERS))
    for y in range(KERNEL):
        for x in range(KERNEL):
            total += padded[:, y:y + STRIDE * rows:STRIDE, x:x + STRIDE * columns:STRIDE] @ weights[y, x]
    return np.maximum(total + bias, 0.0)


def fresh_inputs(random, count):
    return {
        'images': random.standard_normal((count, *SHAPE[1:])),
        'weights': random.standard_normal((KERNEL, KERNEL, SHAPE[3], FILTERS)) * 0.1,
        'bias': random.standard_normal(FILTERS) * 0.1,
    }


def checked_call(worker, inputs, seconds):
    """(seconds, largest error) of one forward pass. The expected output is computed after the clock has stopped."""
    rows, columns = ((size + 2 * PAD - KERNEL) // STRIDE + 1 for size in inputs['images'].shape[1:3])
    shape = (len(inputs['images']), rows, columns, FILTERS)
    header, payload, elapsed = worker.call({}, inputs, seconds, max_bytes=8 * math.prod(shape))
    arrays = header['arrays']
    if len(arrays) != 1 or arrays[0]['dtype'] != '<f8' or tuple(arrays[0]['shape']) != shape:
        found = [tuple(array['shape']) for array in arrays]
        raise Refused('wrong_output', f'forward() gave an output of shape {found[0] if len(found) == 1 else found}, the starter gives {shape}.')
    output = np.frombuffer(payload, '<f8').reshape(shape)
    wanted = expected(**inputs)
    if not np.isfinite(output).all():
        raise Refused('wrong_output', f'forward() gave {int((~np.isfinite(output)).sum())} values that are not finite numbers.')
    errors = np.abs(output - wanted)
    wrong = int((errors > TOLERANCE * (1 + np.abs(wanted))).sum())
    if wrong:
        raise Refused('wrong_output', f'forward() differs from the starter in {wrong} of {output.size} values, by up to {errors.max():.3g}; '
                                      f'{TOLERANCE:g} is allowed. Compute in float64, from the images, weights and bias of each call.')
    return elapsed, float(errors.max())


def timed(command, who, warm_up, inputs, limits):
    with Worker(command, who) as worker:
        worker.ready(limits['start_seconds'])
        checked_call(worker, warm_up, limits['call_seconds'])
        return checked_call(worker, inputs, limits['call_seconds'])


def timed_starter(*arguments):
    try:
        return timed(*arguments)
    except Refused as refusal:
        raise RuntimeError(f'the starter itself could not be timed ({refusal.code}): {refusal}') from refusal


def paper_metric(folder):
    """The first number the script wrote itself, which is all that the paper's evaluator looked at."""
    note = 'reported by the submission itself, does not count'
    try:
        value = float(read_submitted(folder, 'submission.csv', 1 << 20).split(b'\n', 1)[0].split(b';')[0])
        if not math.isfinite(value):
            raise ValueError
    except (Refused, ValueError):
        value, note = PAPER_UNREADABLE, 'no number in submission.csv, for which the original evaluator puts 1e10; does not count'
    return {'metric': 'first number in submission.csv', 'value': value, 'baseline': PAPER_BASELINE,
            'improvement': (PAPER_BASELINE - value) / PAPER_BASELINE, 'note': note}


def by_chance(samples):
    """What the starter's score comes to by chance, a value for each sample. A sample that something else slowed down does not tell how fast the starter can be: it counts at most
    as much as the fastest one. The score is a median of them, which strays less than one of them does."""
    middle = statistics.median(samples)
    slowest = 2 * middle - min(samples)
    calm = 1.25 / math.sqrt(len(samples))
    return [middle + calm * (min(sample, slowest) - middle) for sample in samples]


def measure(request):
    read_submitted(request['tree_dir'], 'train.py')
    limits = request['limits']
    # Part of the inputs' seed is drawn now: an agent may know the run's seed and could compute the outputs beforehand.
    entropy = int.from_bytes(os.urandom(8), 'little')
    samples = {'submission': [], 'starter': []}
    worst = 0.0
    for repeat in range(max(1, request['repeats'])):
        random = np.random.default_rng([request['seed'], entropy, repeat])
        given = (fresh_inputs(random, WARM_UP_IMAGES), fresh_inputs(random, SHAPE[0]), limits)
        for who in ('submission', 'starter') if repeat % 2 == 0 else ('starter', 'submission'):
            run = timed if who == 'submission' else timed_starter
            seconds, error = run(request[who], 'train.py' if who == 'submission' else 'the starter', *given)
            samples[who].append(seconds)
            worst = max(worst, error if who == 'submission' else 0.0)
    value, baseline = statistics.median(samples['submission']), statistics.median(samples['starter'])
    details = {'samples': samples, 'speed_up': baseline / value, 'max_error': worst, 'tolerance': TOLERANCE, 'input_seed': [request['seed'], str(entropy)],
               'python': platform.python_version(), 'numpy': np.__version__, 'machine': platform.machine()}
    return {'value': value, 'baseline': baseline, 'baseline_runs': by_chance(samples['starter']), 'details': details}


def evaluate(request):
    paper = [paper_metric(request['tree_dir'])]
    try:
        return {**measure(request), 'paper': paper}
    except Refused as refusal:
        refusal.paper = paper
        raise


if __name__ == '__main__':
    grade(evaluate)
