"""Predicts how Parkinson's disease goes on: a random forest for each part of the rating, which knows the month and nothing else."""
import numpy as np
import pandas as pd
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GroupKFold

import time_series

PARTS = ['updrs_1', 'updrs_2', 'updrs_3', 'updrs_4']
FOLDS = 8
SEED = 0


def smape_plus_1(truth, predicted):
    """Symmetric mean absolute percentage error, with one added to both sides: from 0 (perfect) to 200."""
    return 100 * np.mean(np.abs(predicted - truth) / ((np.abs(predicted) + np.abs(truth)) / 2 + 1))


def fit(visits, part):
    known = visits.dropna(subset=[part])
    return RandomForestRegressor(random_state=SEED).fit(known[['visit_month']].to_numpy(), known[part])


def rating(model, months):
    return np.round(model.predict(np.asarray(months, dtype=float).reshape(-1, 1)))


def cross_validate(visits):
    """The error on patients that the model has not seen, one part of the rating after the other."""
    truth, predicted = {part: [] for part in PARTS}, {part: [] for part in PARTS}
    for train, valid in GroupKFold(FOLDS).split(visits, groups=visits['patient_id']):
        for part in PARTS:
            held_back = visits.iloc[valid].dropna(subset=[part])
            truth[part].append(held_back[part])
            predicted[part].append(rating(fit(visits.iloc[train], part), held_back['visit_month']))
    for part in PARTS:
        print(f'{part}: SMAPE+1 {smape_plus_1(np.concatenate(truth[part]), np.concatenate(predicted[part])):.2f}')
    everything = [np.concatenate([column for part in PARTS for column in columns[part]]) for columns in (truth, predicted)]
    print(f'all parts: SMAPE+1 {smape_plus_1(*everything):.2f}', flush=True)


def main():
    visits = pd.read_csv('train_clinical_data.csv')
    print(f'{len(visits)} visits of {visits["patient_id"].nunique()} patients')
    cross_validate(visits)

    models = {part: fit(visits, part) for part in PARTS}
    for _visits, _proteins, _peptides, sample in time_series.months():
        # 123_6_updrs_2_plus_12_months: patient 123, seen in month 6, is to be rated on part 2 in month 18.
        wanted = sample['prediction_id'].str.extract(r'_(?P<month>\d+)_(?P<part>updrs_\d)_plus_(?P<wait>\d+)_months')
        month = wanted['month'].astype(int) + wanted['wait'].astype(int)
        for part in PARTS:
            rows = wanted['part'] == part
            sample.loc[rows, 'rating'] = rating(models[part], month[rows])
        time_series.predict(sample)
    print('submission.csv is written')


if __name__ == '__main__':
    main()
