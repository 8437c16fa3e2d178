# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""The crash sweep: a workload is ended at each of its statements in turn, and what follows is looked at."""
