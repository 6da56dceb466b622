"""Grades text generation by our own clock: seconds of the submission against seconds of the starter, in turn, on prompts nobody has seen, for the same tokens.

Each measurement has a process of its own and no two of them live at the same time. A submission's time stands between two of the starter's,
and is compared with their mean; the starter's times are compared with each other in the same way, which tells what chance does.
"""
import json
import math
import os
import platform
import statistics
from pathlib import Path

import numpy as np

from kymo_task import Refused, Worker, grade, read_submitted

# batch, length of a prompt, tokens to generate; timed calls of a process, of which the fastest counts; how far below the best score a token may be
PROFILES = {
    'small': {'batch': 4, 'context': 32, 'new_tokens': 12, 'calls': 4, 'tolerance': 1e-3},
    'full': {'batch': 4, 'context': 128, 'new_tokens': 1, 'calls': 20, 'tolerance': 0.1},
}


def vocabulary_of(request):
    config = json.loads((Path(request['data_dir']) / 'model/config.json').read_text())
    return config['vocabulary'] if 'vocabulary' in config else config['vocab_size']


class Prompts:
    """Fresh ones for every batch: random tokens where the model has random weights, two pieces of text from anywhere otherwise."""

    def __init__(self, request, settings, entropy):
        self.random = np.random.default_rng([request['seed'], entropy])
        self.settings = settings
        self.vocabulary = vocabulary_of(request)
        text = request['answers_dir'] and Path(request['answers_dir']) / 'tokens.json'
        self.text = np.array(json.loads(text.read_text())) if text and text.exists() else None

    def batch(self, count):
        length = self.settings['context']
        if self.text is None:
            return self.random.integers(self.vocabulary, size=(count, length))
        # Two halves from anywhere, since the answers to every plain piece of a known text could be computed beforehand.
        starts = self.random.integers(len(self.text) - length, size=(count, 2))
        return np.array([np.concatenate([self.text[first:first + length // 2], self.text[second:second + length - length // 2]]) for first, second in starts])


def generated(worker, prompts, new_tokens, vocabulary, seconds):
    """(tokens, seconds) of one call, checked for their form."""
    shape = (len(prompts), new_tokens)
    header, payload, elapsed = worker.call({'new_tokens': new_tokens}, {'prompts': np.ascontiguousarray(prompts, '<f8')}, seconds, max_bytes=8 * math.prod(shape))
    arrays = header['arrays']
    if len(arrays) != 1 or arrays[0]['dtype'] != '<f8' or tuple(arrays[0]['shape']) != shape:
        found = [tuple(array['shape']) for array in arrays]
        raise Refused('wrong_output', f'generate() gave tokens of shape {found[0] if len(found) == 1 else found}; {shape} are asked for: {new_tokens} for each of {len(prompts)} prompts.')
    tokens = np.frombuffer(payload, '<f8').reshape(shape)
    good = np.isfinite(tokens) & (tokens >= 0) & (tokens < vocabulary)
    good[good] &= tokens[good] == np.floor(tokens[good])
    if not good.all():
        row, column = np.argwhere(~good)[0]
        raise Refused('wrong_output', f'generate() gave {tokens[row, column]} as token {column + 1} of prompt {row + 1}; tokens are whole numbers from 0 to {vocabulary - 1}.')
    return tokens.astype(np.int64), elapsed


def timed(command, who, batches, request, settings, vocabulary):
    """(tokens of every batch, seconds of the fastest call) in a process of its own. The first batch only warms up."""
    limits = request['limits']
    with Worker(command, who) as worker:
        worker.ready(limits['start_seconds'])
        results = [generated(worker, prompts, settings['new_tokens'], vocabulary, limits['call_seconds']) for prompts in batches]
    return [tokens for tokens, _ in results], min(elapsed for _, elapsed in results[1:])


def by_starter(request, work):
    """Calls `work`; a starter that fails is the grader's failure."""
    try:
        return work(request['starter'], 'the starter')
    except Refused as refusal:
        raise RuntimeError(f'the starter itself could not be timed ({refusal.code}): {refusal}') from refusal


def compare(request, settings, batches, tokens, wanted):
    """Number of tokens that differ from the starter's, all of them as good as the best. Throws Refused for any other."""
    different = [index for index in range(len(batches)) if not np.array_equal(tokens[index], wanted[index])]
    if not different:
        return 0
    start = batches[0].shape[1]

    def margins(command, who):
        with Worker(command, who) as worker:
            worker.ready(request['limits']['start_seconds'])
            found = []
            for index in different:
                sequences = np.ascontiguousarray(np.concatenate([batches[index], tokens[index]], axis=1), '<f8')
                header, payload, _ = worker.call({'check': True, 'start': start}, {'sequences': sequences}, request['limits']['call_seconds'], max_bytes=8 * tokens[index].size)
                found.append(np.frombuffer(payload, '<f8').reshape(header['arrays'][0]['shape']))
            return found

    for index, found in zip(different, by_starter(request, margins)):
        if not (found <= settings['tolerance']).all():
            row, column = np.argwhere(~(found <= settings['tolerance']))[0]
            wrong = int((tokens[index] != wanted[index]).sum())
            raise Refused('wrong_output', f'generate() gives other tokens than the starter: {wrong} of {tokens[index].size} in one batch; token {column + 1} of prompt {row + 1} is '
                                          f'{tokens[index][row, column]}, whose score is {found[row, column]:.3g} below the best, and {settings["tolerance"]:g} is allowed. '
                                          'Compute the most likely token from the whole prompt and what was generated after it.')
    return sum(int((tokens[index] != wanted[index]).sum()) for index in different)


def measure(request):
    read_submitted(request['tree_dir'], 'inference.py')
    settings = PROFILES[request['profile']]
    # Part of the prompts' seed is drawn now: an agent may know the run's seed and could compute the tokens beforehand.
    entropy = int.from_bytes(os.urandom(8), 'little')
    prompts, vocabulary = Prompts(request, settings, entropy), vocabulary_of(request)
    samples = {'submission': [], 'starter': []}
    as_good = 0

    def run_starter(batches):
        tokens, seconds = by_starter(request, lambda command, who: timed(command, who, batches, request, settings, vocabulary))
        samples['starter'].append(seconds)
        return tokens

    for _ in range(max(1, request['repeats'])):
        batches = [prompts.batch(1), *(prompts.batch(settings['batch']) for _ in range(settings['calls']))]
        wanted = run_starter(batches)
        tokens, seconds = timed(request['submission'], 'inference.py', batches, request, settings, vocabulary)
        samples['submission'].append(seconds)
        as_good += compare(request, settings, batches, tokens, wanted)
    run_starter(batches)

    starter = samples['starter']
    ratios = [own / ((before + after) / 2) for own, before, after in zip(samples['submission'], starter, starter[1:])]
    chance = [middle / ((before + after) / 2) for before, middle, after in zip(starter, starter[1:], starter[2:])]
    baseline, ratio = statistics.median(starter), statistics.median(ratios)
    # The score is a median of several ratios, which strays less than one ratio does.
    calm = 1.25 / math.sqrt(len(ratios))
    runs = [baseline * (1 + calm * (one - 1)) for one in chance]
    details = {'samples': samples, 'ratio': ratio, 'ratios': ratios, 'starter_ratios': chance, 'speed_up': 1 / ratio, 'tokens_as_good': as_good, 'tolerance': settings['tolerance'],
               'input_seed': [request['seed'], str(entropy)], 'python': platform.python_version(), 'numpy': np.__version__, 'machine': platform.machine()}
    return {'value': ratio * baseline, 'baseline': baseline, **({'baseline_runs': runs} if len(runs) > 1 else {}), 'details': details}


def paper_metric(folder, baseline):
    """What the script says about itself, which is all that the original's authors had: it has no evaluator."""
    try:
        value = float(read_submitted(folder, 'submission.csv', 1 << 20).split(b'\n', 1)[0])
    except (Refused, ValueError):
        return []
    if not math.isfinite(value):
        return []
    return [{'metric': 'average time that the script reports', 'value': value, 'baseline': baseline, 'improvement': (baseline - value) / baseline,
             'note': 'reported by the submission itself, against the starter timed here; does not count'}]


def evaluate(request):
    result = measure(request)
    return {**result, 'paper': paper_metric(request['tree_dir'], result['baseline'])}


if __name__ == '__main__':
    grade(evaluate)
