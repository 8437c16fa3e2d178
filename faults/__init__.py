# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""Breaks a real hub on purpose and checks that nothing is lost and nothing happens twice: ``./dev faults``."""
