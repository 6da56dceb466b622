"""Trains a small network on whole pictures, and writes the categories it finds most likely. It does not try to tell what is out of sample."""
import csv

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from pictures import read_picture

EPOCHS = 10
BATCH = 16


def load(names):
    return torch.from_numpy(np.stack([read_picture(f'images/{name}.png') for name in names])).permute(0, 3, 1, 2).float() / 255


def network(count):
    layers, width = [], 3
    for wider in (8, 16, 32):
        layers += [nn.Conv2d(width, wider, 5, padding=2), nn.ReLU(), nn.BatchNorm2d(wider), nn.MaxPool2d(2), nn.Dropout(0.1)]
        width = wider
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(32 * 6 * 6, 64), nn.ReLU(), nn.Dropout(0.2), nn.Linear(64, count))


def main():
    torch.set_num_threads(1)
    with open('category_key.csv', newline='') as file:
        categories = [int(row['id']) for row in csv.DictReader(file)]
    with open('multilabel_classification/train.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    labels = torch.tensor([[float(str(category) in row['categories'].split()) for category in categories] for row in rows])
    pictures = load([row['id'] for row in rows])
    held_back = len(rows) // 10
    model = network(len(categories))
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(EPOCHS):
        model.train()
        order = torch.randperm(len(rows) - held_back) + held_back
        for start in range(0, len(order), BATCH):
            batch = order[start:start + BATCH]
            optimiser.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(model(pictures[batch]), labels[batch])
            loss.backward()
            optimiser.step()
        model.eval()
        with torch.no_grad():
            later = functional.binary_cross_entropy_with_logits(model(pictures[:held_back]), labels[:held_back])
        print(f'epoch {epoch + 1}: loss {loss.item():.4f}, on pictures held back {later.item():.4f}', flush=True)
    with open('multilabel_classification/test.csv', newline='') as file:
        names = [row['id'] for row in csv.DictReader(file)]
    with torch.no_grad():
        scores = model(load(names))
    with open('submission.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['id', 'categories', 'osd'])
        for name, order in zip(names, scores.argsort(dim=1, descending=True)[:, :20].tolist()):
            writer.writerow([name, ' '.join(str(categories[index]) for index in order), 0.5])


if __name__ == '__main__':
    main()
