"""The sub-commands of ``./dev``, one module each with ``add(subparsers)``."""
