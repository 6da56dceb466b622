"""Hands out the test visits month by month, as they would come in, and takes the predictions made at each.

    import time_series

    for visits, proteins, peptides, sample in time_series.months():
        sample['rating'] = ...
        time_series.predict(sample)

`visits` has one row for each patient and part of the rating, `proteins` and `peptides` what was measured at these visits, `sample` one row for each
prediction that is asked for, with the rating 0. After the last month submission.csv is written.
"""
from pathlib import Path

import pandas as pd

FOLDER = Path('example_test_files')

_waiting = None
_predicted = []


def months():
    """Gives (visits, proteins, peptides, sample) of one month after the other. Each month wants its predictions before the next one comes."""
    global _waiting
    _predicted.clear()
    tables = [pd.read_csv(FOLDER / name) for name in ('test.csv', 'test_proteins.csv', 'test_peptides.csv', 'sample_submission.csv')]
    for month in sorted(tables[0]['visit_month'].unique()):
        *given, sample = [table[table['visit_month'] == month].reset_index(drop=True) for table in tables]
        _waiting = list(sample['prediction_id'])
        yield (*given, sample[['prediction_id', 'rating']].astype({'rating': float}))
        if _waiting is not None:
            raise RuntimeError(f'nothing was predicted for month {month}: call predict(sample) before the next month')
    pd.concat(_predicted, ignore_index=True).to_csv('submission.csv', index=False)


def predict(table):
    """Takes a table with the columns prediction_id and rating, with the ids of this month's sample."""
    global _waiting
    if _waiting is None:
        raise RuntimeError('there is nothing to predict now: take the next month from months() first')
    missing = {'prediction_id', 'rating'} - set(table.columns)
    if missing:
        raise ValueError(f'the predictions lack the column {", ".join(sorted(missing))}')
    if sorted(table['prediction_id']) != sorted(_waiting):
        raise ValueError('the predictions must have the prediction_ids of the sample, each once')
    if not pd.to_numeric(table['rating']).between(0, float('inf'), inclusive='left').all():
        raise ValueError('a rating is missing, negative or infinite')
    _predicted.append(table[['prediction_id', 'rating']])
    _waiting = None
