"""Runs the submission's review() for one question, in the sandbox, beside the services' socket."""
from kymo_text import serve

if __name__ == '__main__':
    serve(lambda module, question: module.review(question))
