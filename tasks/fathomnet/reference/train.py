"""Trains on pictures that are turned, mirrored and made lighter and darker; a picture is out of sample when its features lie far from all that were trained on, or its light is another."""
import csv

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pictures import read_picture

EPOCHS = 24
BATCH = 32


def load(names):
    return torch.from_numpy(np.stack([read_picture(f'images/{name}.png') for name in names])).permute(0, 3, 1, 2).float() / 255


def centred(pictures):
    """Without the light and tint of the water."""
    return (pictures - pictures.flatten(2).median(2).values[:, :, None, None]) * 3


class Net(nn.Module):
    def __init__(self, count):
        super().__init__()
        layers, width = [], 3
        for wider, pool in ((16, True), (32, True), (64, False)):
            layers += [nn.Conv2d(width, wider, 3, padding=1), nn.BatchNorm2d(wider), nn.ReLU(), *([nn.MaxPool2d(2)] if pool else [])]
            width = wider
        self.body = nn.Sequential(*layers, nn.Conv2d(64, 64, 3, padding=1), nn.BatchNorm2d(64), nn.ReLU())
        self.out = nn.Linear(64, count)

    def forward(self, pictures):
        # An animal is somewhere, so the strongest answer of all places counts.
        places = self.body(pictures).flatten(2)
        return self.out(places.max(2).values), places.max(2).values


def moved(pictures):
    pictures = pictures.flip(-1) if torch.rand(()) < 0.5 else pictures
    return torch.roll(pictures, (int(torch.randint(-4, 5, ())), int(torch.randint(-4, 5, ()))), (2, 3)) * (0.8 + 0.4 * torch.rand(len(pictures), 1, 1, 1))


def distances(features, known, labels_mean):
    spread = torch.cov(known.T) + 0.05 * torch.eye(known.shape[1]) * known.var(0).mean()
    left = features - labels_mean
    return (left @ torch.linalg.inv(spread) * left).sum(1)


def water(pictures):
    """Median light of each colour."""
    return pictures.flatten(2).median(2).values


def standing(values, known):
    """Share of the known values that are below."""
    return (values[:, None] > known[None]).float().mean(1)


def main():
    torch.manual_seed(3)
    torch.set_num_threads(1)
    with open('category_key.csv', newline='') as file:
        categories = [int(row['id']) for row in csv.DictReader(file)]
    with open('multilabel_classification/train.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    labels = torch.tensor([[float(str(category) in row['categories'].split()) for category in categories] for row in rows])
    raw = load([row['id'] for row in rows])
    pictures = centred(raw)
    model = Net(len(categories))
    optimiser = torch.optim.Adam(model.parameters(), lr=3e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 6e-3, total_steps=EPOCHS * -(-len(rows) // BATCH))
    for epoch in range(EPOCHS):
        order = torch.randperm(len(rows))
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            optimiser.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(model(moved(pictures[batch]))[0], labels[batch])
            loss.backward()
            optimiser.step()
            schedule.step()
        print(f'epoch {epoch + 1}: loss {loss.item():.4f}', flush=True)
    model.eval()
    with open('multilabel_classification/test.csv', newline='') as file:
        names = [row['id'] for row in csv.DictReader(file)]
    test = load(names)
    with torch.no_grad():
        known, (scores, features) = model(pictures)[1], model(centred(test))
    far, far_known = distances(features, known, known.mean(0)), distances(known, known, known.mean(0))
    dark, dark_known = -water(test).mean(1), -water(raw).mean(1)
    outside = (standing(far, far_known) + standing(dark, dark_known)) / 2
    with open('submission.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['id', 'categories', 'osd'])
        for name, order, osd in zip(names, scores.argsort(dim=1, descending=True)[:, :20].tolist(), outside.tolist()):
            writer.writerow([name, ' '.join(str(categories[index]) for index in order), f'{osd:.6f}'])


if __name__ == '__main__':
    main()
