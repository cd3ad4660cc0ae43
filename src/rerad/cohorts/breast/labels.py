"""What the labels of a prepared breast mean, in arrays of (z, y, x); 0 is outside."""

FATTY, GLANDULAR, LESION, OTHER = 1, 2, 3, 4  # other: the other breast
TISSUES = {"fatty": FATTY, "glandular": GLANDULAR, "lesion": LESION}
