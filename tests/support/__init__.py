"""What the tests share: bodies and signals, programs, streams, displays, disks, histories."""
