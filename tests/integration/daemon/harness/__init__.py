"""What the daemon's end-to-end tests share: hosts to run it on, the daemon, its client, checks."""
