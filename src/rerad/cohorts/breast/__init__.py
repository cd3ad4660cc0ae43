"""Breast: post-contrast DCE-MRI with lesions, and the tissues on which maps are compared."""
