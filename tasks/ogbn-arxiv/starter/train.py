"""Which field is a paper of? A perceptron with one hidden layer that looks at a paper's own features."""
import numpy as np

HIDDEN, EPOCHS, BATCH, RATE = 16, 4, 256, 0.01


class Adam:
    """Steps whose size follows the gradient's recent mean and spread."""

    def __init__(self, parameters, rate):
        self.parameters, self.rate, self.count = parameters, rate, 0
        self.means = [np.zeros_like(value) for value in parameters]
        self.squares = [np.zeros_like(value) for value in parameters]

    def step(self, gradients):
        self.count += 1
        for value, gradient, mean, square in zip(self.parameters, gradients, self.means, self.squares):
            mean += 0.1 * (gradient - mean)
            square += 0.001 * (gradient * gradient - square)
            value -= self.rate * (mean / (1 - 0.9 ** self.count)) / (np.sqrt(square / (1 - 0.999 ** self.count)) + 1e-8)


class Perceptron:
    def __init__(self, inputs, hidden, outputs, random):
        self.parameters = [
            random.standard_normal((inputs, hidden)) * (2 / inputs) ** 0.5, np.zeros(hidden),
            random.standard_normal((hidden, outputs)) * (2 / hidden) ** 0.5, np.zeros(outputs),
        ]

    def scores(self, features):
        first, shift, second, offset = self.parameters
        self.features, self.hidden = features, np.maximum(features @ first + shift, 0)
        return self.hidden @ second + offset

    def gradients(self, shares, labels):
        """Of the mean cross-entropy, for the batch that was scored last; `shares` are its softmax."""
        error = shares.copy()
        error[np.arange(len(labels)), labels] -= 1
        error /= len(labels)
        back = (error @ self.parameters[2].T) * (self.hidden > 0)
        return [self.features.T @ back, back.sum(0), self.hidden.T @ error, error.sum(0)]


def softmax(scores):
    shares = np.exp(scores - scores.max(1, keepdims=True))
    return shares / shares.sum(1, keepdims=True)


def main():
    with np.load('networks/graph.npz') as graph:
        features, labels = graph['features'].astype(np.float64), graph['labels']
        train, valid, test = graph['train'], graph['valid'], graph['test']
        print(f'{len(features)} papers, {graph["edges"].shape[1]} citations; train {len(train)}, valid {len(valid)}, test {len(test)}')
    random = np.random.default_rng()
    model = Perceptron(features.shape[1], HIDDEN, labels.max() + 1, random)
    adam = Adam(model.parameters, RATE)
    for epoch in range(EPOCHS):
        order = random.permutation(train)
        for begin in range(0, len(order), BATCH):
            batch = order[begin:begin + BATCH]
            adam.step(model.gradients(softmax(model.scores(features[batch])), labels[batch]))
        accuracy = (model.scores(features[valid]).argmax(1) == labels[valid]).mean()
        print(f'epoch {epoch + 1}: validation accuracy {accuracy:.4f}', flush=True)

    predicted = model.scores(features[test]).argmax(1)
    with open('submission.csv', 'w') as file:
        file.write('paper,field\n')
        file.writelines(f'{paper},{field}\n' for paper, field in zip(test, predicted))


if __name__ == '__main__':
    main()
