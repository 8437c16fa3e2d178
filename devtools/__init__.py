"""The developer's command ``./dev``: set-up, run, test, lint and their parts.

Plain standard library, so that it works before anything is installed.
"""
