"""Passengers of the Spaceship Titanic: the Kaggle competition's training table (full), or 2000 invented ones with the same columns (small).

Whole travel groups are held out, drawn with a seed: companions share a fate, so a group on both sides would tell.
"""
import csv
import math
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_csv

SLUG = 'spaceship-titanic'
TARGET = 'Transported'
COLUMNS = ['PassengerId', 'HomePlanet', 'CryoSleep', 'Cabin', 'Destination', 'Age', 'VIP', 'RoomService', 'FoodCourt', 'ShoppingMall', 'Spa', 'VRDeck', 'Name', TARGET]
TEST_SHARE = 0.2
PASSENGERS = 2000
MISSING = 0.02
BILLS = ['RoomService', 'FoodCourt', 'ShoppingMall', 'Spa', 'VRDeck']


def main(request):
    rows = downloaded(request) if request.profile == 'full' else invented(request)
    groups = sorted({group_of(row) for row in rows})
    held_out = set(request.stream('split').sample(groups, round(TEST_SHARE * len(groups))))
    train = [row for row in rows if group_of(row) not in held_out]
    test = [row for row in rows if group_of(row) in held_out]
    visible = [title for title in COLUMNS if title != TARGET]
    write_csv(request.public / 'train.csv', COLUMNS, [[row[title] for title in COLUMNS] for row in train])
    write_csv(request.public / 'test.csv', visible, [[row[title] for title in visible] for row in test])
    write_csv(request.answers / 'answers.csv', ['PassengerId', TARGET], [[row['PassengerId'], row[TARGET]] for row in test])
    say(f'{len(train)} passengers to learn from, {len(test)} in {len(held_out)} of {len(groups)} groups held out')


def group_of(row):
    return row['PassengerId'].split('_')[0]


def downloaded(request):
    """Kaggle's train.csv as it is; the answers to its test.csv are not public."""
    found = unpack(request.kaggle(SLUG), Path('unpacked'), lambda path: path == 'train.csv')
    if not found:
        raise CannotPrepare(f'the archive {SLUG}.zip holds no train.csv. Remove it and prepare again: {request.downloads / (SLUG + ".zip")}')
    with open(found[0], newline='', encoding='utf-8') as file:
        rows = list(csv.DictReader(file))
    lacking = [title for title in COLUMNS if not rows or title not in rows[0]]
    if lacking:
        raise CannotPrepare(f'train.csv of {SLUG} has no column {", ".join(lacking)}: Kaggle has changed the data, and this task must be adapted')
    return rows


# ---- the small profile ----

SYLLABLES = ['ar', 'bel', 'cor', 'dun', 'el', 'fen', 'gar', 'hol', 'ix', 'jor', 'kel', 'lum', 'mor', 'nev', 'or', 'pel', 'quin', 'ros', 'syl', 'tam', 'ul', 'vor', 'wyn', 'zan']
DECKS = {'Earth': 'EEFFFGGG', 'Europa': 'AABBBCCD', 'Mars': 'DEEEFFFF'}
PLANET_PULL = {'Earth': -0.35, 'Europa': 0.45, 'Mars': 0.0}
GROUP_SIZES = [1, 1, 1, 1, 1, 1, 2, 2, 3, 4, 5]


def invented(request):
    """Who sleeps is transported more often, and so are those who eat and shop; who is pampered on the upper decks less often. Chance does the rest."""
    random = request.stream('passengers')
    rows, group = [], 0
    while len(rows) < PASSENGERS:
        group += 1
        planet = random.choice(['Earth', 'Earth', 'Europa', 'Mars'])
        surname = name(random)
        cabin = f'{random.choice(DECKS[planet])}/{random.randrange(1500)}/{random.choice("PS")}'
        for member in range(1, random.choice(GROUP_SIZES) + 1):
            if len(rows) < PASSENGERS:
                rows.append(passenger(random, f'{group:04d}_{member:02d}', planet, cabin, surname))
    for row in rows:
        for title in COLUMNS[1:-1]:
            if random.random() < MISSING:
                row[title] = ''
    return rows


def passenger(random, identity, planet, cabin, surname):
    asleep = random.random() < 0.36
    age = min(79, max(0, round(random.gauss(29, 14))))
    vip = not asleep and age >= 18 and random.random() < (0.08 if planet == 'Europa' else 0.01)
    bills = dict.fromkeys(BILLS, 0)
    if not asleep and age > 12:
        wealth = random.gauss(0.9 if planet == 'Europa' else 0.0, 0.8)
        for title in BILLS:
            if random.random() < 0.72:
                bills[title] = min(20000, round(math.exp(4.6 + wealth + random.gauss(0, 1.1))))
    pampered = sum(math.log1p(bills[title]) for title in ('RoomService', 'Spa', 'VRDeck'))
    fed = math.log1p(bills['FoodCourt']) + math.log1p(bills['ShoppingMall'])
    pull = PLANET_PULL[planet] + (2.0 if asleep else 0.55) - 0.21 * pampered + 0.14 * fed + (0.35 if cabin.endswith('S') else -0.25) + (0.45 if age <= 12 else 0.0)
    return {
        'PassengerId': identity, 'HomePlanet': planet, 'CryoSleep': asleep, 'Cabin': cabin,
        'Destination': random.choice(['TRAPPIST-1e', 'TRAPPIST-1e', 'TRAPPIST-1e', '55 Cancri e', 'PSO J318.5-22']),
        'Age': float(age), 'VIP': vip, **{title: float(bill) for title, bill in bills.items()}, 'Name': f'{name(random)} {surname}',
        # A logistic draw: log-odds `pull`.
        TARGET: random.random() < 1 / (1 + math.exp(-1.15 * pull + 0.36)),
    }


def name(random):
    return ''.join(random.choice(SYLLABLES) for _ in range(random.choice([2, 2, 3]))).capitalize()


if __name__ == '__main__':
    prepare(main)
