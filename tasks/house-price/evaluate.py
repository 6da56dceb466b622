"""Mean absolute error of the predicted prices, aligned by Id."""
import csv
from pathlib import Path

from kymo_csv import number, read_rows
from kymo_task import grade, read_submitted

PAPER_BASELINE = 1e10


def answers_of(folder):
    with open(Path(folder) / 'answers.csv', newline='') as file:
        _, *rows = csv.reader(file)
    return [row[0] for row in rows], [float(row[1]) for row in rows]


def by_position(data, prices):
    """What the original evaluator computes: the n-th submitted row against the n-th answer, whatever their ids."""
    rows = list(csv.DictReader(data.decode('utf-8-sig').splitlines()))
    return sum(abs(float(row['SalePrice']) - price) for row, price in zip(rows, prices)) / len(prices)


def evaluate(request):
    ids, prices = answers_of(request['answers_dir'])
    data = read_submitted(request['tree_dir'], 'submission.csv')
    found = read_rows(data, {'SalePrice': number(low=0, high=1e9)}, ids, id_column='Id')['SalePrice']
    error = sum(abs(guess - price) for guess, price in zip(found, prices)) / len(prices)
    paper = by_position(data, prices)
    return {
        'value': error,
        'details': {'houses': len(prices)},
        'paper': [{'metric': 'mean absolute error, by position', 'value': paper, 'baseline': PAPER_BASELINE, 'improvement': (PAPER_BASELINE - paper) / PAPER_BASELINE,
                   'note': 'the original ignores ids, and its baseline is a constant because its starter does not run'}],
    }


if __name__ == '__main__':
    grade(evaluate)
