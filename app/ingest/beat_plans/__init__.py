"""Beat plans from files, and the officers who hold their beats."""
