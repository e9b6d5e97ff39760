"""Time: aoristic weights, profiles, trends, change, emerging hot spots, near repeats."""
