"""What runs inside an execution environment: the bundled runtimes, and how Pileus talks to them."""
