"""Satellite scenes in which condensation trails are to be outlined: Kaggle's (full), or drawn ones of the same form (small)."""
import zipfile

import numpy as np

from kymo_data import CannotPrepare, npy_bytes, prepare, say, write_csv, write_json

SLUG = 'google-research-identify-contrails-reduce-global-warming'
BANDS = ('band_11', 'band_14', 'band_15')
MASK = 'human_pixel_masks'
# The frame that people outlined; four are before it and three after.
FRAME, FRAMES = 4, 8
TRAIN, TEST, SIZE = 60, 16, 64


# ---- the small profile: whole numbers in 1/64 kelvin, so that every machine draws the same ----

def noise(random, size, reach):
    """Smooth noise with values around 0: the mean of random numbers over squares of 2 x reach + 1."""
    wide = size + 2 * reach
    raw = np.frombuffer(random.randbytes(wide * wide), np.uint8).astype(np.int64).reshape(wide, wide) - 127
    sums = np.zeros((wide + 1, wide + 1), np.int64)
    sums[1:, 1:] = raw.cumsum(0).cumsum(1)
    side = 2 * reach + 1
    return (sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side])[:size, :size] // side


def band_of(size, line, moved):
    """Pixels within half of the line's width; the line goes on beyond its two points."""
    (x0, y0, x1, y1, width, begin, end) = line
    rows, columns = np.mgrid[0:size, 0:size]
    across = (x1 - x0) * (rows - y0 - moved[1]) - (y1 - y0) * (columns - x0 - moved[0])
    along = (x1 - x0) * (columns - x0 - moved[0]) + (y1 - y0) * (rows - y0 - moved[1])
    length = (x1 - x0) ** 2 + (y1 - y0) ** 2
    return (4 * across ** 2 <= width ** 2 * length) & (along * 100 >= begin * length) & (along * 100 <= end * length)


def any_line(random, size, width):
    while True:
        x0, y0, x1, y1 = (random.randrange(size) for _ in range(4))
        if (x1 - x0) ** 2 + (y1 - y0) ** 2 > (size // 2) ** 2:
            return x0, y0, x1, y1, width, random.randrange(-30, 10), random.randrange(80, 130)


def scene(random, size):
    """({band: size x size x 8}, mask): clouds that drift, trails that are colder in all bands and most in the last, and streaks of cloud that only look like trails."""
    clouds, haze = 40 * noise(random, size, 9) + 12 * noise(random, size, 3), noise(random, size, 7)
    trails = [any_line(random, size, random.choice([2, 3, 3, 4])) for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3]))]
    streaks = [any_line(random, size, random.choice([3, 4, 5])) for _ in range(random.randrange(0, 3))]
    depth = [random.randrange(90, 220) for _ in trails]
    wind = random.randrange(-1, 2), random.randrange(-1, 2)
    bands = {name: np.zeros((size, size, FRAMES), np.int64) for name in BANDS}
    mask = np.zeros((size, size), bool)
    for frame in range(FRAMES):
        moved = wind[0] * (frame - FRAME), wind[1] * (frame - FRAME)
        base = 280 * 64 + np.roll(clouds, (moved[1], moved[0]), (0, 1))
        second, third = -64 + base // 300 + noise(random, size, 1) // 3, -70 + noise(random, size, 1) // 2 + 2 * np.roll(haze, (moved[1], moved[0]), (0, 1))
        for streak in streaks:
            here = band_of(size, streak, moved)
            base, third = base - 200 * here, third - 12 * here
        for trail, cold in zip(trails, depth):
            # A trail fades in: before the third frame there is none.
            here = band_of(size, trail, moved) * cold * min(max(frame - 1, 0), 3) // 3
            base, second, third = base - here, second + here // 4, third - here // 4
            if frame == FRAME:
                mask |= here > 0
        for name, values in zip(BANDS, (base + second, base, base + third)):
            bands[name][:, :, frame] = values + np.frombuffer(random.randbytes(size * size), np.uint8).reshape(size, size) % 33 - 16
    return {name: (values / 64).astype(np.float32) for name, values in bands.items()}, mask


def drawn(request):
    for index in range(TRAIN + TEST):
        random = request.stream(f'scene {index}')
        record = str(10 ** 15 + random.getrandbits(50))
        bands, mask = scene(random, SIZE)
        yield ('train' if index < TRAIN else 'test'), record, {name: npy_bytes(values) for name, values in bands.items()}, mask


# ---- the full profile ----

def downloaded(request):
    """Kaggle's scenes. Its test scenes have no outlines, so its validation scenes are the test, as in the original. Of nine bands the starter's three are kept."""
    with zipfile.ZipFile(request.kaggle(SLUG)) as archive:
        scenes = {}
        for name in archive.namelist():
            parts = name.split('/')
            if len(parts) == 3 and parts[0] in ('train', 'validation') and parts[2].endswith('.npy'):
                scenes.setdefault((parts[0], parts[1]), {})[parts[2][:-4]] = name
        if not any(part == 'validation' for part, _ in scenes):
            raise CannotPrepare(f'the archive of {SLUG} holds no validation scenes; Kaggle has changed it')
        for count, ((part, record), files) in enumerate(sorted(scenes.items())):
            missing = [name for name in (*BANDS, MASK) if name not in files]
            if missing:
                raise CannotPrepare(f'the scene {part}/{record} of {SLUG} lacks {", ".join(missing)}; Kaggle has changed it')
            with archive.open(files[MASK]) as file:
                mask = np.load(file, allow_pickle=False)
            if count % 1000 == 0:
                say(f'{count} of {len(scenes)} scenes')
            yield ('train' if part == 'train' else 'test'), record, {name: archive.read(files[name]) for name in BANDS}, mask.reshape(mask.shape[:2]) > 0


def encoded(mask):
    """Runs of a mask as "start length start length", counted from 1, column after column; "-" for none."""
    flat = np.concatenate([[0], mask.T.reshape(-1).astype(np.int8), [0]])
    edges = np.flatnonzero(np.diff(flat)) + 1
    return ' '.join(f'{start} {end - start}' for start, end in zip(edges[::2], edges[1::2])) or '-'


def main(request):
    answers, shape = [], None
    for part, record, bands, mask in downloaded(request) if request.profile == 'full' else drawn(request):
        folder = request.public / part / record
        folder.mkdir(parents=True)
        for name, content in bands.items():
            (folder / f'{name}.npy').write_bytes(content)
        if part == 'train':
            (folder / f'{MASK}.npy').write_bytes(npy_bytes(mask.astype(np.int8)[:, :, None]))
        else:
            answers.append([record, encoded(mask)])
        if shape is not None and mask.shape != shape:
            raise CannotPrepare(f'the scene {part}/{record} has {mask.shape[0]} x {mask.shape[1]} pixels, others have {shape[0]} x {shape[1]}')
        shape = mask.shape
    answers.sort()
    write_csv(request.answers / 'answers.csv', ['record_id', 'encoded_pixels'], answers)
    write_json(request.answers / 'shape.json', list(shape))
    write_csv(request.public / 'sample_submission.csv', ['record_id', 'encoded_pixels'], [[record, '-'] for record, _ in answers])
    say(f'{len(answers)} test scenes of {shape[0]} x {shape[1]} pixels')


if __name__ == '__main__':
    prepare(main)
