"""What the pages for students and teachers share: one style, a sanitizer, a policy under which no other script runs."""
