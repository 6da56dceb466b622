"""Improved solution, never shown to agents: ridge regression over weighted words, word pairs and letters of each essay."""
import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline, make_union

SCORES = ['cohesion', 'syntax', 'vocabulary', 'phraseology', 'grammar', 'conventions']


def main():
    train, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    words = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True, lowercase=False, token_pattern=r"[\w']+|[^\w\s]")
    letters = TfidfVectorizer(analyzer='char', ngram_range=(1, 3), min_df=3, sublinear_tf=True, lowercase=False)
    model = make_pipeline(make_union(words, letters), Ridge(alpha=1.0))
    checked = cross_val_predict(model, train['full_text'], train[SCORES], cv=3)
    print(f'MCRMSE in cross-validation: {np.sqrt(((checked - train[SCORES].to_numpy()) ** 2).mean(axis=0)).mean():.4f}')
    predicted = np.clip(model.fit(train['full_text'], train[SCORES]).predict(test['full_text']), 1, 5)
    pd.DataFrame(predicted, columns=SCORES).assign(text_id=test['text_id'])[['text_id', *SCORES]].to_csv('submission.csv', index=False)


if __name__ == '__main__':
    main()
