# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
{
    "name": "Finance Integration Hub: benchmark",
    "summary": "What the benchmark needs inside the server; never part of an installation",
    "version": "19.0.1.0.0",
    "category": "Hidden/Tests",
    "author": "Finance Integration Hub contributors",
    "website": "https://github.com/finance-integration/finance_integration",
    "license": "LGPL-3",
    "depends": ["finance_integration"],
    "installable": True,
}
