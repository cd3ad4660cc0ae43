"""Parts of the hierarchical networks: encoder, decoder, pooling and fully connected head."""
