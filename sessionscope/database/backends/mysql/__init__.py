"""Everything that the library does differently for MySQL and MariaDB."""
