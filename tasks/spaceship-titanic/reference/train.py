"""Improved solution, never shown to agents: boosted trees over cabin, bills, age and group, averaged over a few seeds."""
import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold, cross_val_score

BILLS = ['RoomService', 'FoodCourt', 'ShoppingMall', 'Spa', 'VRDeck']
CATEGORIES = ['HomePlanet', 'CryoSleep', 'Destination', 'VIP', 'Deck', 'Side']
SEEDS = range(3)


def features(table):
    cabin = table['Cabin'].str.split('/', expand=True)
    group = table['PassengerId'].str.split('_').str[0]
    named = table.assign(Deck=cabin[0], Side=cabin[2])
    spent = table[BILLS].sum(axis=1)
    numbers = np.log1p(table[BILLS]).assign(
        Age=table['Age'], Spent=np.log1p(spent), Awake=(spent > 0).astype(float), Number=pd.to_numeric(cabin[1]), Companions=group.map(group.value_counts()).astype(float),
        Pampered=np.log1p(table[['RoomService', 'Spa', 'VRDeck']]).sum(axis=1), Fed=np.log1p(table[['FoodCourt', 'ShoppingMall']]).sum(axis=1),
    )
    return pd.concat([numbers, pd.get_dummies(named[CATEGORIES].astype(object).fillna('unknown').astype(str)).astype(float)], axis=1), group


def model(seed):
    return HistGradientBoostingClassifier(learning_rate=0.05, max_iter=120, max_leaf_nodes=12, min_samples_leaf=20, l2_regularization=1.0, random_state=seed)


def main():
    train, test = pd.read_csv('train.csv'), pd.read_csv('test.csv')
    x, groups = features(pd.concat([train, test], ignore_index=True))
    y = train['Transported'].astype(bool)
    count = len(train)
    scores = cross_val_score(model(0), x[:count], y, groups=groups[:count], cv=GroupKFold(5))
    print(f'accuracy in cross-validation by groups: {scores.mean():.4f}')
    chance = np.mean([model(seed).fit(x[:count], y).predict_proba(x[count:])[:, 1] for seed in SEEDS], axis=0)
    pd.DataFrame({'PassengerId': test['PassengerId'], 'Transported': chance > 0.5}).to_csv('submission.csv', index=False)


if __name__ == '__main__':
    main()
