"""Passkeys (WebAuthn): a key pair on the person's device, unlocked by their finger, face or PIN."""
