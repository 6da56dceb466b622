"""Predicts the logarithm of house prices with boosted trees over all columns, words among them as codes."""
import numpy as np
import pandas as pd
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split


def table(frame, prices_by_word):
    """Numbers as they are; a word becomes the mean logarithm of the prices it was seen with."""
    out = pd.DataFrame(index=frame.index)
    for name in frame.columns:
        if name in ('Id', 'SalePrice'):
            continue
        words = prices_by_word.get(name)
        out[name] = pd.to_numeric(frame[name], errors='coerce').fillna(-1) if words is None else frame[name].fillna('none').map(words).fillna(words.mean())
    out['Age'] = frame['YrSold'] - frame['YearRemodAdd']
    return out


def words_of(frame):
    log_price = np.log(frame['SalePrice'])
    words = [name for name in frame.columns if name != 'SalePrice' and not pd.api.types.is_numeric_dtype(frame[name])]
    return {name: log_price.groupby(frame[name].fillna('none')).mean() for name in words}


def main():
    train = pd.read_csv('train.csv')
    test = pd.read_csv('test.csv')
    fit, held_back = train_test_split(train, test_size=0.25, random_state=1)
    for seen, other, last in ((fit, held_back, False), (train, test, True)):
        words = words_of(seen)
        model = GradientBoostingRegressor(n_estimators=500, learning_rate=0.04, max_depth=4, subsample=0.7, min_samples_leaf=5, random_state=0)
        model.fit(table(seen, words), np.log(seen['SalePrice']))
        prices = np.exp(model.predict(table(other, words)))
        if not last:
            print(f'mean absolute error on the part held back: {mean_absolute_error(other["SalePrice"], prices):.0f}')
    pd.DataFrame({'Id': test['Id'], 'SalePrice': prices}).to_csv('submission.csv', index=False)


if __name__ == '__main__':
    main()
