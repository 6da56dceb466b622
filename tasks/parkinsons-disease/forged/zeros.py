"""Forgery: hands in the sample as it is, all zeros."""
import shutil

shutil.copyfile('example_test_files/sample_submission.csv', 'submission.csv')
