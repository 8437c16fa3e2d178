# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""A simulated partner: a shop system that keeps customers and invoices and wants to know what was paid."""
