"""Scores essays of pupils who learn English, in six respects."""
import pandas as pd
from sklearn.dummy import DummyRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split

SCORES = ['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']


def mcrmse(truth, predicted):
    """The mean of the columns' root mean squared errors."""
    return (mean_squared_error(truth, predicted, multioutput='raw_values') ** 0.5).mean()


def main():
    essays, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    train, valid = train_test_split(essays, test_size=0.1, random_state=42)
    print(f'{len(train)} essays to learn from, {len(valid)} to check with, {len(test)} to predict')

    # The model: so far it gives every essay the average scores, whatever it says. Put a better one here.
    model = DummyRegressor(strategy='mean')
    model.fit(train['full_text'], train[SCORES])

    print(f'training MCRMSE:   {mcrmse(train[SCORES], model.predict(train["full_text"])):.4f}')
    print(f'validation MCRMSE: {mcrmse(valid[SCORES], model.predict(valid["full_text"])):.4f}')

    predicted = pd.DataFrame(model.predict(test['full_text']), columns=SCORES)
    predicted.insert(0, 'text_id', test['text_id'])
    predicted.to_csv('submission.csv', index=False)
    print('submission.csv is written')


if __name__ == '__main__':
    main()
