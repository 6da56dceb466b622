"""Predicts house prices with a linear model of the columns that are plain numbers."""
import pandas as pd
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_absolute_error
from sklearn.model_selection import train_test_split

FEATURES = [
    'MSSubClass', 'LotArea', 'OverallQual', 'OverallCond', 'YearBuilt', 'YearRemodAdd', '1stFlrSF', '2ndFlrSF', 'LowQualFinSF', 'GrLivArea', 'FullBath', 'HalfBath', 'BedroomAbvGr',
    'KitchenAbvGr', 'TotRmsAbvGrd', 'Fireplaces', 'WoodDeckSF', 'OpenPorchSF', 'EnclosedPorch', '3SsnPorch', 'ScreenPorch', 'PoolArea', 'MiscVal', 'MoSold', 'YrSold',
]


def main():
    train = pd.read_csv('train.csv')
    test = pd.read_csv('test.csv')

    # Hold a part of the known prices back to see how good the model is.
    fit, held_back = train_test_split(train, test_size=0.25, random_state=1)
    model = LinearRegression()
    model.fit(fit[FEATURES], fit['SalePrice'])
    print(f'mean absolute error on the training part: {mean_absolute_error(fit["SalePrice"], model.predict(fit[FEATURES])):.0f}')
    print(f'mean absolute error on the part held back: {mean_absolute_error(held_back["SalePrice"], model.predict(held_back[FEATURES])):.0f}')

    prices = model.predict(test[FEATURES]).clip(1)
    pd.DataFrame({'Id': test['Id'], 'SalePrice': prices}).to_csv('submission.csv', index=False)


if __name__ == '__main__':
    main()
