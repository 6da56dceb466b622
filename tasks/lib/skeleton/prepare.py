"""Makes train.csv, test.csv and the hidden answers."""
from kymo_data import prepare, write_csv

ROWS = 300
TEST_ROWS = 60


def main(request):
    random = request.stream('rows')
    rows = []
    for number in range(ROWS):
        x = round(random.uniform(-3, 3), 4)
        rows.append((f'r{number:03}', x, round(x * x + x + random.gauss(0, 0.5), 4)))
    random.shuffle(rows)
    test, train = rows[:TEST_ROWS], rows[TEST_ROWS:]
    # `public` becomes the root of the workspace, read-only. `answers` is seen by evaluate.py alone.
    write_csv(request.public / 'train.csv', ['id', 'x', 'y'], train)
    write_csv(request.public / 'test.csv', ['id', 'x'], [(name, x) for name, x, _ in test])
    write_csv(request.answers / 'answers.csv', ['id', 'y'], [(name, y) for name, _, y in test])


if __name__ == '__main__':
    prepare(main)
