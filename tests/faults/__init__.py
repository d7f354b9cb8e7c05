"""What goes wrong on purpose: hostile requests, random commands, kills, cut lines, full disks."""
