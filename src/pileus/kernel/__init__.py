"""The kernel: the front door, the wire, identity, the store and the sandbox. It knows no service."""
