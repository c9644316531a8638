"""The commands of `course` for lesson authors and teachers, one module per topic."""
