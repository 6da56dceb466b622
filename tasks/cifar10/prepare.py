"""Makes data/train.npz, data/test.npz and the hidden labels: from CIFAR-10 (full), or from handwritten digits in colour (small)."""
import tarfile

import numpy as np

from kymo_data import CannotPrepare, prepare, write_csv, write_npz, write_text

URL = 'https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz'
FOLDER = 'cifar-10-batches-bin'
RECORD = 1 + 3 * 32 * 32
TEST_DIGITS = 360
COPIES = 3


def cifar10(request):
    """The archive in its binary form: a label and 3,072 bytes for each picture, nothing that would have to be unpickled."""
    parts = {}
    with tarfile.open(request.download(URL)) as archive:
        for member in archive:
            name = member.name.rsplit('/', 1)[-1]
            if member.isfile() and name.endswith(('.bin', '.meta.txt')):
                parts[name] = archive.extractfile(member).read()
    wanted = [f'data_batch_{number}.bin' for number in range(1, 6)]
    missing = [name for name in (*wanted, 'test_batch.bin', 'batches.meta.txt') if name not in parts]
    if missing:
        raise CannotPrepare(f'the archive from {URL} lacks {", ".join(missing)}; its authors have changed it')
    train = records(b''.join(parts[name] for name in wanted))
    return train, records(parts['test_batch.bin']), parts['batches.meta.txt'].decode().split()


def records(data):
    rows = np.frombuffer(data, np.uint8).reshape(-1, RECORD)
    return rows[:, 1:].reshape(-1, 3, 32, 32), rows[:, 0].astype(np.int64)


def coloured_digits(request):
    """8 x 8 digits, three times as large, somewhere in a picture of 32 x 32, in two colours and with noise. Whole numbers only, so that every machine makes the same.

    Each digit for training is there several times, in other colours and places: 1,437 pictures would be too few steps for a network's five epochs.
    """
    from sklearn.datasets import load_digits
    digits = load_digits()
    random = request.stream('pictures')
    order = list(range(len(digits.target)))
    random.shuffle(order)
    hidden, known = order[:TEST_DIGITS], order[TEST_DIGITS:] * COPIES
    random.shuffle(known)
    parts = []
    for chosen in (known, hidden):
        pictures = np.stack([coloured(digits.images[index].astype(np.int64), random) for index in chosen])
        parts.append((pictures, digits.target[chosen].astype(np.int64)))
    return (*parts, [str(digit) for digit in range(10)])


def coloured(digit, random):
    top, left = random.randrange(0, 9), random.randrange(0, 9)
    ink = np.zeros((32, 32), np.int64)
    ink[top:top + 24, left:left + 24] = np.kron(digit, np.ones((3, 3), np.int64))
    back = np.array([random.randrange(30, 120) for _ in range(3)]).reshape(3, 1, 1)
    lighter = np.array([random.randrange(40, 110) for _ in range(3)]).reshape(3, 1, 1)
    noise = np.frombuffer(random.randbytes(3 * 32 * 32), np.uint8).astype(np.int64).reshape(3, 32, 32) % 181 - 90
    return np.clip(back + lighter * ink // 16 + noise, 0, 255).astype(np.uint8)


def main(request):
    train, test, names = coloured_digits(request) if request.profile == 'small' else cifar10(request)
    write_npz(request.public / 'data/train.npz', images=train[0], labels=train[1])
    write_npz(request.public / 'data/test.npz', images=test[0])
    write_text(request.public / 'data/classes.txt', '\n'.join(names) + '\n')
    write_csv(request.answers / 'labels.csv', ['index', 'label'], [[index, int(label)] for index, label in enumerate(test[1])])


if __name__ == '__main__':
    prepare(main)
