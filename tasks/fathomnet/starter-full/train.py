"""Trains a convolutional network in Keras on whole pictures, and writes the categories it finds most likely. It does not try to tell what is out of sample."""
import csv
import os

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')
import numpy as np
import tensorflow as tf
from tensorflow import keras

EPOCHS = 1
BATCH = 64
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
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3))])
    for filters in (16, 32, 64, 64):
        model.add(keras.layers.Conv2D(filters, 5, activation='relu'))
        model.add(keras.layers.BatchNormalization())
        model.add(keras.layers.MaxPooling2D(2))
        model.add(keras.layers.Dropout(0.2))
    model.add(keras.layers.Flatten())
    for units in (128, 64):
        model.add(keras.layers.Dense(units, activation='relu'))
        model.add(keras.layers.Dropout(0.5))
    model.add(keras.layers.Dense(count, activation='sigmoid'))
    model.compile(optimizer='adam', loss='binary_crossentropy')
    return model


def main():
    with open('category_key.csv', newline='', encoding='utf-8') as file:
        categories = [int(row['id']) for row in csv.DictReader(file)]
    with open('multilabel_classification/train.csv', newline='') as file:
        rows = list(csv.DictReader(file))
    np.random.shuffle(rows)
    labels = np.array([[str(category) in row['categories'].split() for category in categories] for row in rows], np.float32)
    names = [row['id'] for row in rows]
    held_back = max(1, len(rows) // 10)
    model = network(len(categories))
    model.fit(pictures(names[held_back:], labels[held_back:]), validation_data=pictures(names[:held_back], labels[:held_back]), epochs=EPOCHS, shuffle=False, verbose=2)
    with open('multilabel_classification/test.csv', newline='') as file:
        names = [row['id'] for row in csv.DictReader(file)]
    scores = model.predict(pictures(names), verbose=0)
    with open('submission.csv', 'w', newline='') as file:
        writer = csv.writer(file)
        writer.writerow(['id', 'categories', 'osd'])
        for name, order in zip(names, np.argsort(-scores, axis=1)[:, :20]):
            writer.writerow([name, ' '.join(str(categories[index]) for index in order), 0.5])


if __name__ == '__main__':
    main()
