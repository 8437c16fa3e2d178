# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
"""One simulated Stripe account: what it holds, what its API answers, which events it sends."""
