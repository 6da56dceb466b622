"""Pictures of animals under water with the categories that are in them: FathomNet's from Kaggle (full), or drawn shapes (small).

Some categories are kept away from the training pictures altogether. A test picture with one of them is out of sample: that is the truth for `osd`.
"""
import csv
import json
import shutil
import struct
import zlib
from pathlib import Path

from kymo_data import CannotPrepare, prepare, say, unpack, write_csv, write_json

SLUG = 'fathomnet-out-of-sample-detection'
UNSEEN_SHARE = 0.12
TEST_SHARE = 0.05
# ---- the small profile ----
SIZE, KNOWN, UNSEEN = 48, 12, 4
TRAIN, INSIDE, OUTSIDE = 380, 70, 70
SHAPES = ['disc', 'ring', 'square', 'frame', 'diamond', 'cross', 'plus', 'triangle', 'stripes', 'columns', 'checks', 'half', 'eye', 'corner', 'hourglass', 'arc']


def inside(shape, x, y, radius):
    """Whether the point, relative to the middle of a shape, belongs to it. Whole numbers only."""
    ax, ay, far = abs(x), abs(y), x * x + y * y
    if max(ax, ay) > radius:
        return False
    return {
        'disc': far <= radius * radius, 'ring': (radius - 2) ** 2 <= far <= radius * radius, 'square': True, 'frame': max(ax, ay) > radius - 2, 'diamond': ax + ay <= radius, 'cross': abs(ax - ay) <= 1,
        'plus': min(ax, ay) <= 1, 'triangle': y + radius >= 2 * ax, 'stripes': y % 3 != 0, 'columns': x % 3 != 0, 'checks': (x // 2 + y // 2) % 2 == 0, 'half': far <= radius * radius and y < 0,
        'eye': far <= radius * radius and far > 6, 'corner': x < -radius + 3 or y > radius - 3, 'hourglass': ax <= ay, 'arc': far <= radius * radius and far >= (radius - 3) ** 2 and x < 0,
    }[shape]


def picture(random, categories, deep):
    """Bytes of a picture and the boxes of what is in it. Deep water is darker, though not always."""
    light = random.randrange(60, 110) if deep else random.randrange(80, 130)
    tint = (random.randrange(10, 30), random.randrange(40, 70), random.randrange(70, 100))
    grain = random.randbytes(SIZE * SIZE * 3)
    values = [[light * tint[channel] // 60 + (SIZE - row) // 2 + grain[(row * SIZE + column) * 3 + channel] % 37 - 18 for column in range(SIZE) for channel in range(3)] for row in range(SIZE)]
    boxes = []
    for category in categories:
        radius = random.randrange(5, 8)
        x, y = random.randrange(radius, SIZE - radius), random.randrange(radius, SIZE - radius)
        bright = light * 2 // 3 + random.randrange(0, 40)
        colour = [bright * (3 + (category * step) % 5) // 5 for step in (1, 2, 3)]
        for row in range(max(0, y - radius), min(SIZE, y + radius + 1)):
            for column in range(max(0, x - radius), min(SIZE, x + radius + 1)):
                if inside(SHAPES[category - 1], column - x, row - y, radius):
                    for channel in range(3):
                        values[row][column * 3 + channel] += colour[channel]
        boxes.append((category, [x - radius, y - radius, 2 * radius + 1, 2 * radius + 1]))
    return png([bytes(min(255, max(0, value)) for value in row) for row in values]), boxes


def png(rows):
    """A PNG file without compression: what zlib makes of the same bytes differs between its versions."""
    def chunk(kind, content):
        return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))
    raw = b''.join(b'\0' + row for row in rows)
    blocks = [raw[start:start + 65535] for start in range(0, len(raw), 65535)]
    stored = b''.join(struct.pack('<BHH', index == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block for index, block in enumerate(blocks))
    return b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', len(rows[0]) // 3, len(rows), 8, 2, 0, 0, 0)) + chunk(b'IDAT', b'\x78\x01' + stored + struct.pack('>I', zlib.adler32(raw))) + chunk(b'IEND', b'')


def drawn(request):
    """(names of categories, unseen categories, pictures): a picture is (id, suffix, bytes, boxes, part)."""
    names = {number: f'{shape} animal' for number, shape in enumerate(SHAPES, 1)}
    parts = ['train'] * TRAIN + ['inside'] * INSIDE + ['outside'] * OUTSIDE
    request.stream('order').shuffle(parts)
    pictures = []
    for index, part in enumerate(parts):
        random = request.stream(f'picture {index}')
        categories = random.sample(range(1, KNOWN + 1), random.choice([1, 1, 2, 2, 3]))
        if part == 'outside':
            categories = categories[:2] + random.sample(range(KNOWN + 1, KNOWN + UNSEEN + 1), random.choice([1, 2]))
        content, boxes = picture(random, categories, deep=part == 'outside')
        pictures.append((f'{random.getrandbits(64):016x}', '.png', content, boxes, part))
    return names, set(range(KNOWN + 1, KNOWN + UNSEEN + 1)), pictures


# ---- the full profile ----

def downloaded(request):
    found = {path.relative_to('kaggle').as_posix(): path for path in unpack(request.kaggle(SLUG), 'kaggle', lambda path: path in ('object_detection/train.json', 'category_key.csv'))}
    missing = [name for name in ('object_detection/train.json', 'category_key.csv') if name not in found]
    if missing:
        raise CannotPrepare(f'the archive of {SLUG} holds no {" and no ".join(missing)}; Kaggle has changed it')
    with open(found['category_key.csv'], newline='', encoding='utf-8') as file:
        names = {int(row['id']): row['name'] for row in csv.DictReader(file)}
    coco = json.loads(found['object_detection/train.json'].read_text('utf-8'))
    boxes = {}
    for note in coco['annotations']:
        boxes.setdefault(note['image_id'], []).append((int(note['category_id']), note['bbox']))
    images = sorted((image for image in coco['images'] if image['id'] in boxes), key=lambda image: image['file_name'])
    there = sorted({category for image in images for category, _ in boxes[image['id']]})
    random = request.stream('split')
    unseen = set(random.sample(there, round(UNSEEN_SHARE * len(there))))
    pictures, inside_names = [], [image['file_name'] for image in images if not unseen & {category for category, _ in boxes[image['id']]}]
    held_out = set(random.sample(inside_names, round(TEST_SHARE * len(inside_names))))
    for number, image in enumerate(images):
        if number % 250 == 0:
            say(f'{number} of {len(images)} pictures')
        path = request.download(image['coco_url'], f"images/{image['file_name']}")
        part = 'outside' if unseen & {category for category, _ in boxes[image['id']]} else 'inside' if image['file_name'] in held_out else 'train'
        pictures.append((Path(image['file_name']).stem, path.suffix, path, boxes[image['id']], part))
    return names, unseen, pictures


def main(request):
    names, unseen, pictures = downloaded(request) if request.profile == 'full' else drawn(request)
    (request.public / 'images').mkdir()
    train, test, answers, coco = [], [], [], {'images': [], 'annotations': [], 'categories': [{'id': number, 'name': name} for number, name in names.items() if number not in unseen]}
    for name, suffix, content, boxes, part in sorted(pictures, key=lambda one: one[0]):
        target = request.public / 'images' / f'{name}{suffix}'
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            shutil.copyfile(content, target)
        categories = sorted({category for category, _ in boxes} - unseen)
        if part == 'train':
            train.append([name, ' '.join(map(str, categories))])
            coco['images'].append({'id': len(coco['images']) + 1, 'file_name': target.name})
            for category, box in boxes:
                coco['annotations'].append({'id': len(coco['annotations']) + 1, 'image_id': len(coco['images']), 'category_id': category, 'bbox': box})
        else:
            test.append([name])
            answers.append([name, ' '.join(map(str, categories)), int(part == 'outside')])
    write_csv(request.public / 'multilabel_classification/train.csv', ['id', 'categories'], train)
    write_csv(request.public / 'multilabel_classification/test.csv', ['id'], test)
    write_json(request.public / 'object_detection/train.json', coco)
    write_csv(request.public / 'category_key.csv', ['id', 'name'], [[number, name] for number, name in sorted(names.items()) if number not in unseen])
    write_csv(request.answers / 'answers.csv', ['id', 'categories', 'osd'], answers)
    write_json(request.answers / 'categories.json', sorted(set(names) - unseen))
    say(f'{len(train)} pictures to learn from, {len(test)} to be judged, {sum(row[2] for row in answers)} of them out of sample')


if __name__ == '__main__':
    prepare(main)
