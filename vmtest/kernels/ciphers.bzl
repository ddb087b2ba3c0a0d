# SPDX-License-Identifier: Apache-2.0
"""Modules of the kernel's own crypto that kTLS may want."""

# A kernel asks for them by what they offer, such as crypto-gcm, when a socket gets its
# first key. Each is built in, a module, or absent under this name, by series and
# architecture: 7.2, say, has chacha for chacha_generic.
CIPHER_MODULES = [
    "aes?",
    "aes_arm64?",
    "aes_ce_blk?",
    "aes_ce_ccm?",
    "aes_ce_cipher?",
    "aes_generic?",
    "aes_neon_blk?",
    "aes_neon_bs?",
    "aesni_intel?",
    "aria_generic?",
    "ccm?",
    "chacha?",
    "chacha20poly1305?",
    "chacha_generic?",
    "chacha_neon?",
    "chacha_x86_64?",
    "ctr?",
    "gcm?",
    "ghash_ce?",
    "ghash_clmulni_intel?",
    "ghash_generic?",
    "poly1305_generic?",
    "poly1305_neon?",
    "poly1305_x86_64?",
    "sm4_generic?",
]
