"""The elastic net's parts: columns of unit length, Newton's steps on the dual, screening, ridge, cross-validation."""
