"""What residents name, as the analyses take it: zones, and voices that count each reporter once."""
