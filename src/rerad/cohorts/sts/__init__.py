"""Soft-tissue sarcoma PET-CT: acquire, prepare and the phantom of this cohort."""
