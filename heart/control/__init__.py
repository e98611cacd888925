"""How the commands of `heart` speak to the daemon: a Unix stream socket that carries lines of JSON."""
