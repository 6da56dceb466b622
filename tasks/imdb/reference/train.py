"""Improved solution, never shown to agents: logistic regression over weighted word pairs and triples, which see negations."""
import pandas as pd
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline


def main():
    train, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    model = make_pipeline(TfidfVectorizer(ngram_range=(1, 3), sublinear_tf=True, min_df=2, token_pattern=r"[a-z']+"), LogisticRegression(C=10, max_iter=1000))
    print(f'accuracy in cross-validation: {cross_val_score(model, train["text"], train["label"], cv=5).mean():.4f}')
    chances = model.fit(train['text'], train['label']).predict_proba(test['text'])
    pd.DataFrame({'idx': test['idx'], '0': chances[:, 0], '1': chances[:, 1]}).to_csv('submission.csv', index=False)


if __name__ == '__main__':
    main()
