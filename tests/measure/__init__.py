"""Measurements that compare two things in one run. No test needs them, and none asserts what they print."""
