"""Makes train.csv, test.csv and the hidden prices: from Kaggle's table (full), or from a generated one of the same shape (small)."""
import csv
import math

from kymo_data import CannotPrepare, prepare, unpack, write_csv, write_text

SLUG = 'home-data-for-ml-course'
ROWS = 1460
TEST_SHARE = 0.2

COLUMNS = {
    'Id': 'number of the sale',
    'MSSubClass': 'kind of dwelling, as a code',
    'Neighborhood': 'part of the city',
    'LotFrontage': 'feet of street beside the property; NA where unknown',
    'LotArea': 'square feet of the property',
    'OverallQual': 'material and finish, 1 to 10',
    'OverallCond': 'condition, 1 to 10',
    'YearBuilt': 'year of construction',
    'YearRemodAdd': 'year of the last remodelling, that of construction if there was none',
    'CentralAir': 'central air conditioning, Y or N',
    '1stFlrSF': 'square feet of the first floor',
    '2ndFlrSF': 'square feet of the second floor',
    'LowQualFinSF': 'square feet finished in low quality',
    'GrLivArea': 'square feet of living area above ground',
    'FullBath': 'full bathrooms above ground',
    'HalfBath': 'half bathrooms above ground',
    'BedroomAbvGr': 'bedrooms above ground',
    'KitchenAbvGr': 'kitchens above ground',
    'TotRmsAbvGrd': 'rooms above ground, without bathrooms',
    'Fireplaces': 'fireplaces',
    'GarageArea': 'square feet of the garage',
    'WoodDeckSF': 'square feet of wooden deck',
    'OpenPorchSF': 'square feet of open porch',
    'EnclosedPorch': 'square feet of closed porch',
    '3SsnPorch': 'square feet of three-season porch',
    'ScreenPorch': 'square feet of screened porch',
    'PoolArea': 'square feet of pool',
    'MiscVal': 'dollars of other features',
    'MoSold': 'month of the sale',
    'YrSold': 'year of the sale',
    'SalePrice': 'price in dollars: what is to be predicted',
}
# A part of the city and what a house is worth there beside an average place.
PLACES = {'Arbor': 0.78, 'Brook': 0.86, 'Cedar': 0.92, 'Depot': 0.7, 'Elm': 1.0, 'Ford': 1.06, 'Grove': 1.15, 'Hill': 1.32, 'Island': 1.5, 'Junction': 0.82, 'Knoll': 1.24, 'Lake': 1.42}


def generated(random):
    """Rows with the columns above. Prices multiply: place, quality, area and age, and 7 % of noise."""
    rows = []
    names = sorted(PLACES)
    for number in range(1, ROWS + 1):
        place = names[min(int(random.random() ** 1.3 * len(names)), len(names) - 1)]
        worth = PLACES[place]
        quality = clipped(round(random.gauss(5.6 + 1.6 * (worth - 1), 1.2)), 1, 10)
        condition = clipped(round(random.gauss(5.5, 1.1)), 1, 10)
        built = clipped(round(random.gauss(1950 + 5 * quality, 18)), 1880, 2009)
        remodelled = built if random.random() < 0.5 else random.randrange(max(built, 1950), 2011)
        floors = 1 if random.random() < 0.55 else 2
        first = clipped(round(random.gauss(900 + 45 * quality, 220)), 350, 2800)
        second = 0 if floors == 1 else clipped(round(first * random.uniform(0.5, 1.0)), 200, 2000)
        low_quality = random.randrange(60, 400) if random.random() < 0.02 else 0
        living = first + second + low_quality
        bedrooms = clipped(round(living / 520 + random.gauss(0, 0.6)), 1, 7)
        baths = clipped(round(living / 1100 + random.gauss(0.2, 0.4)), 1, 3)
        garage = 0 if random.random() < 0.06 else clipped(round(random.gauss(300 + 35 * quality, 90)), 160, 1200)
        lot = clipped(round(math.exp(random.gauss(9.05, 0.4))), 1500, 60000)
        air = 'Y' if built > 1960 or random.random() < 0.6 else 'N'
        sold = random.randrange(2006, 2011)
        fires = 1 if random.random() < 0.05 + 0.08 * quality else 0
        deck = random.randrange(40, 500) if random.random() < 0.45 else 0
        pool = random.randrange(300, 700) if random.random() < 0.01 else 0
        age = sold - remodelled
        price = 46 * living ** 0.95 * worth * 1.11 ** (quality - 5) * (1 - 0.0035 * min(age, 70)) * (1 + 0.02 * (condition - 5))
        price += 38 * garage + 1.2 * min(lot, 20000) + 9000 * fires + 22 * deck + 30 * pool
        price *= (1.0 if air == 'Y' else 0.9) * math.exp(random.gauss(0, 0.07))
        rows.append([
            number, 60 if floors == 2 else 20, place, 'NA' if random.random() < 0.17 else clipped(round(lot ** 0.5 * random.uniform(0.55, 0.9)), 21, 200), lot, quality, condition, built, remodelled, air,
            first, second, low_quality, living, baths, 1 if random.random() < 0.37 else 0, bedrooms, 1, bedrooms + random.randrange(2, 5), fires, garage, deck,
            random.randrange(10, 200) if random.random() < 0.5 else 0, random.randrange(20, 250) if random.random() < 0.14 else 0, 0 if random.random() < 0.98 else 180,
            random.randrange(80, 300) if random.random() < 0.08 else 0, pool, 0 if random.random() < 0.96 else 500, random.randrange(1, 13), sold, int(round(price, -2)),
        ])
    return [*COLUMNS], [[str(value) for value in row] for row in rows]


def clipped(value, low, high):
    return max(low, min(high, value))


def downloaded(request):
    """Kaggle's train.csv; its test.csv has no prices and is of no use here."""
    found = unpack(request.kaggle(SLUG), 'kaggle', lambda path: path in ('train.csv', 'data_description.txt'))
    tables = {path.name: path for path in found}
    if 'train.csv' not in tables:
        raise CannotPrepare(f'the archive of {SLUG} holds no train.csv; Kaggle has changed it')
    with open(tables['train.csv'], newline='', encoding='utf-8') as file:
        header, *rows = csv.reader(file)
    about = tables['data_description.txt'].read_text('utf-8', 'replace') if 'data_description.txt' in tables else ''
    return header, rows, about


def main(request):
    if request.profile == 'small':
        header, rows = generated(request.stream('houses'))
        about = ''.join(f'{name}: {what}\n' for name, what in COLUMNS.items())
    else:
        header, rows, about = downloaded(request)
    order = list(range(len(rows)))
    request.stream('split').shuffle(order)
    hidden = set(order[:round(len(rows) * TEST_SHARE)])
    price = header.index('SalePrice')
    write_csv(request.public / 'train.csv', header, [row for index, row in enumerate(rows) if index not in hidden])
    test = [row for index, row in enumerate(rows) if index in hidden]
    write_csv(request.public / 'test.csv', header[:price] + header[price + 1:], [row[:price] + row[price + 1:] for row in test])
    write_text(request.public / 'data_description.txt', about)
    write_csv(request.answers / 'answers.csv', ['Id', 'SalePrice'], [[row[header.index('Id')], row[price]] for row in test])


if __name__ == '__main__':
    prepare(main)
