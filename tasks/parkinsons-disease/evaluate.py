"""Grades submission.csv by SMAPE+1, in percent, ratings matched by prediction_id."""
import csv
import io
import os
import statistics

from kymo_csv import number, read_rows
from kymo_task import Refused, grade, read_submitted

# Ratings are sums of points, 132 at most. A negative one could make the denominator vanish.
HIGHEST = 500.0


def term(predicted, rating):
    return abs(predicted - rating) / ((predicted + rating) / 2 + 1)


def smape(pairs):
    """Symmetric mean absolute percentage error of (predicted, rating), both raised by one so that zeros count."""
    return 100 * sum(term(*pair) for pair in pairs) / len(pairs)


def evaluate(request):
    with open(os.path.join(request['answers_dir'], 'answers.csv'), newline='') as file:
        answers = list(csv.DictReader(file))
    # What is asked for stands in the data that agents see; only some of it has an answer.
    with open(os.path.join(request['data_dir'], 'example_test_files', 'sample_submission.csv'), newline='') as file:
        asked = [row['prediction_id'] for row in csv.DictReader(file)]
    data = read_submitted(request['tree_dir'], 'submission.csv', 64 * 1024 * 1024)
    paper = paper_metric(data, answers)
    try:
        given = dict(zip(asked, read_rows(data, {'rating': number(0, HIGHEST)}, asked, id_column='prediction_id')['rating']))
    except Refused as refusal:
        refusal.paper = paper
        raise
    groups = {}
    for answer in answers:
        name = answer['prediction_id']
        pair = given[name], float(answer['rating'])
        _, _, _, part, _, wait, _ = name.split('_')
        for group in ('all', f'updrs_{part}', f'plus {wait} months'):
            groups.setdefault(group, []).append(pair)
    details = {'asked': len(asked), 'graded': len(answers), 'by group': {group: smape(pairs) for group, pairs in groups.items() if group != 'all'}}
    return {'value': smape(groups['all']), 'details': details, 'paper': paper}


def paper_metric(data, answers):
    """What the original would have said: its answers went horizon by horizon, the submitted rows month by month, and the n-th met the n-th."""
    rows = sorted((answer for answer in answers if answer['original_row']), key=lambda answer: int(answer['original_row']))
    graded = {answer['prediction_id'] for answer in rows}
    try:
        given = [float(row['rating']) for row in csv.DictReader(io.StringIO(data.decode('utf-8-sig'), newline='')) if row['prediction_id'] in graded]
    except (UnicodeDecodeError, csv.Error, KeyError, TypeError, ValueError):
        return []
    if len(given) != len(rows) or not rows or not all(0 <= value <= HIGHEST for value in given):
        return []
    truth = [float(answer['rating']) for answer in rows]
    middle = statistics.median(truth)
    value, baseline = smape(list(zip(given, truth))), smape([(middle, rating) for rating in truth])
    return [{'metric': 'SMAPE+1, row by row in file order', 'value': value, 'baseline': baseline, 'improvement': (baseline - value) / baseline,
             'note': 'pairs predictions with the ratings of other patients and months; only rows that the original kept. Its baseline was never published: the median rating stands in for it; does not count'}]


if __name__ == '__main__':
    grade(evaluate)
