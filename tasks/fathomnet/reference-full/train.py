"""Longer training of a deeper network in Keras with moved and mirrored pictures; a picture is out of sample when its features lie far from all that were trained on."""
import csv
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import numpy as np
import tensorflow as tf
from tensorflow import keras

EPOCHS = 15
BATCH = 32
SIZE = 256
PATHS = {os.path.splitext(name)[0]: os.path.join('images', name) for name in os.listdir('images')}


def picture(path):
    content = tf.io.decode_image(tf.io.read_file(path), channels=3, expand_animations=False)
    return tf.image.resize(tf.cast(content, tf.float32), (SIZE, SIZE)) / 255.0


def pictures(names, labels=None):
    """Batches that are read when they are needed."""
    paths = tf.data.Dataset.from_tensor_slices([PATHS[name] for name in names]).map(picture, num_parallel_calls=tf.data.AUTOTUNE)
    if labels is None:
        return paths.batch(BATCH).prefetch(1)
    return tf.data.Dataset.zip((paths, tf.data.Dataset.from_tensor_slices(labels))).batch(BATCH).prefetch(1)


def network(count):
    """(the network, the part that gives features)."""
    inputs = keras.Input((SIZE, SIZE, 3))
    values = keras.layers.RandomFlip('horizontal')(inputs)
    values = keras.layers.RandomTranslation(0.1, 0.1)(values)
    for filters in (32, 64, 96, 128):
        for _ in range(2):
            values = keras.layers.Conv2D(filters, 3, padding='same', use_bias=False)(values)
            values = keras.layers.BatchNormalization()(values)
            values = keras.layers.Activation('relu')(values)
        values = keras.layers.MaxPooling2D(2)(values)
    features = keras.layers.Concatenate()([keras.layers.GlobalMaxPooling2D()(values), keras.layers.GlobalAveragePooling2D()(values)])
    model = keras.Model(inputs, keras.layers.Dense(count, activation='sigmoid')(keras.layers.Dropout(0.3)(features)))
    model.compile(optimizer=keras.optimizers.Adam(1e-3), loss='binary_crossentropy')
    return model, keras.Model(inputs, features)


def distances(features, known):
    spread = np.cov(known.T) + 0.1 * np.eye(known.shape[1]) * known.var(0).mean()
    left = features - known.mean(0)
    return np.einsum('ij,jk,ik->i', left, np.linalg.inv(spread), left)


def main():
    with open('category_key.csv', newline='', encoding='utf-8') as file:
        categories = [int(row['id']) for row in csv.DictReader(file)]
    with open('multilabel_classification/train.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    np.random.shuffle(rows)
    labels = np.array([[str(category) in row['categories'].split() for category in categories] for row in rows], np.float32)
    names = [row['id'] for row in rows]
    held_back = max(1, len(rows) // 10)
    model, body = network(len(categories))
    model.fit(pictures(names[held_back:], labels[held_back:]), validation_data=pictures(names[:held_back], labels[:held_back]), epochs=EPOCHS, shuffle=False, verbose=2)
    known = body.predict(pictures(names), verbose=0)
    with open('multilabel_classification/test.csv', newline='') as file:
        names = [row['id'] for row in csv.DictReader(file)]
    scores = model.predict(pictures(names), verbose=0)
    far = distances(body.predict(pictures(names), verbose=0), known)
    outside = far.argsort().argsort() / len(far)
    with open('submission.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['id', 'categories', 'osd'])
        for name, order, osd in zip(names, np.argsort(-scores, axis=1)[:, :20], outside):
            writer.writerow([name, ' '.join(str(categories[index]) for index in order), f'{osd:.6f}'])


if __name__ == '__main__':
    main()
