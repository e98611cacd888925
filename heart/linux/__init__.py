"""What only Linux has: interfaces, netlink, ARP."""
