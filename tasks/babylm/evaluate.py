"""Grades a language model by the bits it needs for each byte of a hidden text.

The submission is weights and a few sizes. The grader owns network and tokenizer: a sandbox computes with them what probability each token was given.
"""
import json
import math
import os

import numpy as np

from kymo_task import Refused, Worker, grade, read_submitted


def evaluate(request):
    full = request['profile'] == 'full'
    if full:
        from worker_full import CONFIG, MAX_BYTES, WEIGHTS, checked
    else:
        from worker import CONFIG, MAX_BYTES, WEIGHTS, checked
    files = [read_submitted(request['tree_dir'], path, limit) for path, limit in ((CONFIG, 1 << 16), (WEIGHTS, MAX_BYTES))]
    config, arrays = checked(*files)
    count = sum(math.prod(shape) for shape in arrays.values()) if full else sum(array.size for array in arrays.values())
    del files, arrays
    context = config['n_positions'] if full else config['context']
    tokens, size, end = hidden_text(request['answers_dir'], full)
    # What comes before the first token is the end of another text, so that every token is scored once.
    total = bits(request, np.concatenate([[end], tokens]), context, 4 if full else max(1, 8192 // context))
    value = total / size
    baseline = request.get('baseline')
    paper = [] if baseline is None else [paper_metric(value, baseline['mean'], size / len(tokens))]
    return {'value': value, 'details': {'bytes': size, 'tokens': len(tokens), 'weights': count, 'context': context, 'perplexity': 2 ** min(1000.0, total / len(tokens))}, 'paper': paper}


def hidden_text(folder, full):
    """(tokens, bytes, the token that ends a text)"""
    if full:
        with open(os.path.join(folder, 'tokens.json')) as file:
            text = json.load(file)
        return np.array(text['tokens'], dtype=np.int64), text['bytes'], text['end']
    with open(os.path.join(folder, 'test.txt'), 'rb') as file:
        data = file.read()
    return np.frombuffer(data, np.uint8).astype(np.int64), len(data), ord('\n')


def bits(request, tokens, context, batch):
    """Bits for all tokens but the first, in blocks of `context`, each seen with those before it in its block."""
    whole = (len(tokens) - 1) // context
    blocks = [np.stack([tokens[index * context:(index + 1) * context + 1] for index in range(begin, min(begin + batch, whole))]) for begin in range(0, whole, batch)]
    if whole * context + 1 < len(tokens):
        blocks.append(tokens[None, whole * context:])
    limits, total = request['limits'], 0.0
    with Worker(request['submission'], 'the network') as worker:
        worker.ready(limits['start_seconds'])
        for block in blocks:
            shape = (len(block), block.shape[1] - 1)
            header, payload, _ = worker.call({}, {'blocks': np.ascontiguousarray(block, '<f8')}, limits['call_seconds'], max_bytes=8 * math.prod(shape))
            if len(header['arrays']) != 1 or tuple(header['arrays'][0]['shape']) != shape:
                raise Refused('wrong_output', 'the network gave no probabilities for the text.')
            logs = np.frombuffer(payload, '<f8')
            if not np.isfinite(logs).all() or (logs > 1e-9).any():
                raise Refused('bad_submission', 'with these weights the network gives probabilities that are none. Check that they are finite and not too large.')
            total -= float(logs.sum())
    return total / math.log(2)


def paper_metric(value, baseline, bytes_of_token):
    """The same as perplexity: exp of the mean loss of a token."""
    own, starter = (2 ** min(1000.0, one * bytes_of_token) for one in (value, baseline))
    return {'metric': 'perplexity', 'value': own, 'baseline': starter, 'improvement': (starter - own) / starter,
            'note': 'with the given tokenizer; the original used the one that came with the submission, with which fewer and easier tokens make a better score'}


if __name__ == '__main__':
    grade(evaluate)
