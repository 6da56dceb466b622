"""Half of what the original's text announces and its code never computed: mean average precision of the ranked categories, and how well `osd` tells pictures out of sample."""
import csv
import json
import random
from pathlib import Path

from kymo_csv import number, read_rows
from kymo_task import grade, read_submitted

DEPTH = 20


def ranked(known):
    """Reader of a column: at most twenty different categories, the likeliest first; nothing is allowed."""
    def read(text):
        words = text.split()
        if len(words) > DEPTH:
            raise ValueError(f'has {len(words)} categories; at most {DEPTH} are read')
        for word in words:
            if not (word.isascii() and word.isdigit() and len(word) < 9 and int(word) in known):
                raise ValueError(f'has "{word[:20]}", which is no number of category_key.csv: write whole numbers with a space between them')
        if len(set(map(int, words))) < len(words):
            raise ValueError('has a category twice')
        return list(map(int, words))
    return read


def average_precision(guess, truth):
    """At depth 20: mean over the true ones of the precision where each was found."""
    found, total = 0, 0.0
    for place, category in enumerate(guess[:DEPTH], 1):
        if category in truth:
            found += 1
            total += found / place
    return total / min(len(truth), DEPTH)


def area(scores, truth):
    """Area under the ROC curve: how often a picture out of sample has the higher score, equal ones half."""
    order = sorted(range(len(scores)), key=scores.__getitem__)
    ranks, at = [0.0] * len(scores), 0
    while at < len(order):
        end = at
        while end + 1 < len(order) and scores[order[end + 1]] == scores[order[at]]:
            end += 1
        for index in order[at:end + 1]:
            ranks[index] = (at + end) / 2 + 1
        at = end + 1
    positive = sum(truth)
    negative = len(truth) - positive
    return (sum(rank for rank, out in zip(ranks, truth) if out) - positive * (positive + 1) / 2) / (positive * negative)


def as_in_the_original(texts, truths, scores, seed):
    """Tokens of a printed list of floats against whole numbers, and a truth for `osd` that is drawn anew: 0 and chance for every file that follows the rules."""
    draw = random.Random(seed)
    drawn = [draw.random() < 0.5 for _ in scores]
    precision = sum(average_precision(text, str([float(category) for category in truth]).split()) for text, truth in zip(texts, truths) if truth) / max(1, sum(map(bool, truths)))
    chance = 2 * area(scores, drawn) - 1 if 0 < sum(drawn) < len(drawn) else 0.0
    return (chance + precision) / 2


def evaluate(request):
    folder = Path(request['answers_dir'])
    known = set(json.loads((folder / 'categories.json').read_text()))
    with open(folder / 'answers.csv', newline='') as file:
        _, *rows = csv.reader(file)
    ids, truths, outside = [row[0] for row in rows], [set(map(int, row[1].split())) for row in rows], [row[2] == '1' for row in rows]
    data = read_submitted(request['tree_dir'], 'submission.csv')
    given = read_rows(data, {'categories': ranked(known), 'osd': number(low=0, high=1)}, ids, id_column='id')
    # A picture in which all is unseen has no category that could be named.
    precisions = [average_precision(guess, truth) for guess, truth in zip(given['categories'], truths) if truth]
    precision, roc = sum(precisions) / len(precisions), area(given['osd'], outside)
    paper = as_in_the_original([[str(one) for one in guess] for guess in given['categories']], [sorted(truth) for truth in truths], given['osd'], request['seed'])
    return {
        'value': (2 * roc - 1 + precision) / 2,
        'details': {'map_at_20': precision, 'auc': roc, 'pictures': len(ids), 'out_of_sample': sum(outside), 'without_known_category': len(ids) - len(precisions)},
        'paper': [{'metric': 'the same formula, with tokens of printed lists and a random truth', 'value': paper, 'baseline': 1e-10, 'improvement': (paper - 1e-10) / 1e-10,
                   'note': 'what the original computes: chance around 0 for every correct file, against a baseline of 1e-10'}],
    }


if __name__ == '__main__':
    grade(evaluate)
