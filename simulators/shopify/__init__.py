# Part of Finance Integration Hub. See LICENSE file for full copyright and licensing details.
