"""Tells good film reviews from bad ones."""
import pandas as pd
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def main():
    train, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    print(f'{len(train)} reviews to learn from, {train["label"].mean():.1%} of them positive; {len(test)} to predict')
    texts, held_back, labels, held_back_labels = train_test_split(train['text'], train['label'], test_size=0.2, random_state=1, stratify=train['label'])

    # The model: so far it does not read the reviews at all. Put a better one here.
    model = DummyClassifier(strategy='prior')
    model.fit(texts, labels)

    print(f'training accuracy:   {accuracy_score(labels, model.predict(texts)):.4f}')
    print(f'validation accuracy: {accuracy_score(held_back_labels, model.predict(held_back)):.4f}')

    chances = model.predict_proba(test['text'])
    pd.DataFrame({'idx': test['idx'], '0': chances[:, 0], '1': chances[:, 1]}).to_csv('submission.csv', index=False)
    print('submission.csv is written')


if __name__ == '__main__':
    main()
