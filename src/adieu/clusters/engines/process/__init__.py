"""What the process of every cluster is made of, whatever database stands behind its door."""
